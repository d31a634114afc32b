package throwaway

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func attributes(as *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: as.uid, Gid: as.gid}
	}
	return attr
}

// killTree kills pid and what it started, and waits until they are gone: PostgreSQL does not start on data that
// a process of its former life still has in memory. Its children lead groups of their own, so a signal to its
// group would not reach them; it is halted first, so as to start no more of them.
func killTree(pid int) {
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	tree := descendants(pid)
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	for _, child := range tree {
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	deadline := time.Now().Add(grace)
	for _, child := range tree {
		for alive(child) && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// alive is false for a process that has ended although nobody has asked for its exit status yet.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

// descendants asks only the main thread's list: mysqld has no children and postgres has no threads.
func descendants(pid int) []int {
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var all []int
	for _, field := range strings.Fields(string(list)) {
		if child, err := strconv.Atoi(field); err == nil {
			all = append(append(all, child), descendants(child)...)
		}
	}
	return all
}
