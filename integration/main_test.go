package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// program is the path of the real binary, built once a process.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "phasemig-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "phasemig")
	build := exec.Command("go", "build", fmt.Sprintf("-race=%t", raced), "-o", program, "github.com/phasemig/phasemig/cmd/phasemig")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return dbtest.Main(m)
}

// each runs f on every server, two kinds at a time: while one of them waits for
// its disk another computes.
func each(t *testing.T, f func(t *testing.T, k throwaway.Kind)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		t.Parallel()
		f(t, k)
	})
}
