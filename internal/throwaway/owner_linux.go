package throwaway

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ownerFile is locked by the process that a server's directory belongs to, for as long as it lives. Unlike a process
// id, a lock also tells about processes in other containers that share the file system.
const ownerFile = "owner"

// settling is how long a new directory is left alone, as it may not have been locked yet.
const settling = time.Minute

// own claims a server's directory.
func own(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, ownerFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("claim the server's directory: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("claim the server's directory: %w", err)
	}
	return file, nil
}

// sweep removes the directories of processes that died without Stop. The kernel has killed their servers.
func sweep(parent string) {
	for _, k := range append(Kinds(), Postgres, pgBouncer, prometheus) {
		dirs, _ := filepath.Glob(filepath.Join(parent, dirName(k)+"*"))
		for _, dir := range dirs {
			if abandoned(dir) {
				os.RemoveAll(dir)
			}
		}
	}
}

func abandoned(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil || time.Since(info.ModTime()) < settling {
		return false
	}
	file, err := os.OpenFile(filepath.Join(dir, ownerFile), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
