package throwaway

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSweep(t *testing.T) {
	parent := t.TempDir()
	make := func(name string, age time.Duration) (string, *os.File) {
		dir := filepath.Join(parent, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		owner, err := own(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { owner.Close() })
		if err := os.Chtimes(dir, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
		return dir, owner
	}
	used, _ := make("phasemig-mysql-1", time.Hour)
	fresh, owner := make("phasemig-mysql-2", 0)
	owner.Close()
	other, owner := make("phasemig-else-3", time.Hour)
	owner.Close()
	left, owner := make("phasemig-postgres18-4", time.Hour)
	owner.Close()
	sweep(parent)
	for _, dir := range []string{used, fresh, other} {
		if !isDir(dir) {
			t.Errorf("%s was removed", dir)
		}
	}
	if isDir(left) {
		t.Errorf("%s is still there", left)
	}
}
