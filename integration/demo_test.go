package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// The demo ends with a report of no error, and Ctrl-C leaves neither a process nor
// a directory behind.
func TestDemo(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		if !long() && !oneOfEach(k) {
			return
		}
		dbtest.Server(t, k) // it is there, or this kind isn't wanted
		tmp := demoDir(t)
		h := &home{t, t.TempDir(), []string{"TMPDIR=" + tmp}}
		c := h.must(0, "demo", string(k), "--rows", "5000")
		for _, w := range []string{"0 errors", "0 differ", "5,000 loaded"} {
			if !strings.Contains(c.stdout, w) {
				t.Fatalf("the report doesn't say %q:\n%s", w, c.stdout)
			}
		}
		left(t, tmp)

		p := h.start("demo", string(k), "--rows", "5000")
		waitFor(t, "the application", func() bool { return strings.Contains(p.err.String(), "expand") })
		p.signal(os.Interrupt)
		p.wait().want(t, 75)
		left(t, tmp)
	})
}

// demoDir is a directory that every user may enter: servers refuse root.
func demoDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "phasemig-demo-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// left fails if a demo left a directory, or a process that was started in it.
func left(t *testing.T, dir string) {
	t.Helper()
	if list, _ := os.ReadDir(dir); len(list) > 0 {
		t.Errorf("the demo left %v", list)
	}
	procs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, p := range procs {
		if b, err := os.ReadFile(p); err == nil && strings.Contains(string(b), dir+"/") {
			t.Errorf("the demo left a process: %q", b)
		}
	}
}

func waitFor(t *testing.T, what string, f func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !f(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%s never came", what)
		}
	}
}
