//go:build !unix

package throwaway

import (
	"os"
	"syscall"
)

func attributes(*account) *syscall.SysProcAttr { return nil }

func killTree(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}
