//go:build unix && !linux

package throwaway

import "syscall"

func attributes(as *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: as.uid, Gid: as.gid}
	}
	return attr
}

func killTree(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
