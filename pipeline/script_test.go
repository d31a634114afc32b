package pipeline

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestApplyScript runs the shell of the workflow with a program that ends with one exit code after
// another: 6 and 75 are tried again, five times at most and not after the limit, and all others end the step.
func TestApplyScript(t *testing.T) {
	for _, c := range []struct {
		codes string
		limit string
		exit  int
		calls int
	}{
		{"0", "600", 0, 1}, {"3", "600", 3, 1}, {"4", "600", 4, 1}, {"7", "600", 7, 1}, {"75 0", "600", 0, 2}, {"6 75 4", "600", 4, 3},
		{"75 75 75 75 75 0", "600", 75, 5}, {"75 0", "60", 75, 1},
	} {
		exit, calls := runScript(t, c.codes, c.limit)
		if exit != c.exit || calls != c.calls {
			t.Errorf("%s: exit %d after %d calls, want %d after %d", c.codes, exit, calls, c.exit, c.calls)
		}
	}
}

func runScript(t *testing.T, codes, limit string) (exit, calls int) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("bin/go", "#!/bin/sh\necho \"$HOME\"\n")
	write("bin/sleep", "#!/bin/sh\n")
	write("codes", strings.ReplaceAll(codes, " ", "\n")+"\n")
	write("bin/phasemig", "#!/bin/sh\necho \"$@\" >> \"$HOME/calls\"\ncode=$(head -1 \"$HOME/codes\")\nsed -i 1d \"$HOME/codes\"\nexit $code\n")
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", applyScript) // as GitHub calls it
	cmd.Env = []string{"HOME=" + dir, "PATH=" + dir + "/bin:" + os.Getenv("PATH"), "PLAN=plan with space.json", "PHASE=expand", "WAIT=1m", "LIMIT=" + limit}
	var failed *exec.ExitError
	if err := cmd.Run(); errors.As(err, &failed) {
		exit = failed.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		calls++
		if l != "apply plan with space.json --phase expand --wait 1m --output github" {
			t.Errorf("called with %s", l)
		}
	}
	return exit, calls
}
