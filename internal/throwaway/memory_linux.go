package throwaway

import "syscall"

// inMemory is the file system in memory that servers of tests are put on.
const inMemory = "/dev/shm"

// roomInMemory is what four servers and their replicas need at most.
const roomInMemory = 6 << 30

// MemoryDir is a directory in memory, or "" where there is none with room. On a disk a run of tests waits for
// the servers' flushes more than for anything else, and a test kills servers, never the machine, so nothing that
// it looks at depends on the disk.
func MemoryDir() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(inMemory, &fs); err != nil || fs.Type != tmpfs || fs.Bavail*uint64(fs.Bsize) < roomInMemory {
		return ""
	}
	return inMemory
}

// tmpfs is the kernel's number of that file system, TMPFS_MAGIC.
const tmpfs = 0x01021994
