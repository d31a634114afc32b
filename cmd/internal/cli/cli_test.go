package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
)

var update = flag.Bool("update", false, "write the scripts' expectations anew")

func TestMain(m *testing.M) {
	testscript.Main(leakless{m}, map[string]func(){"phasemig": func() { os.Exit(runHere()) }})
}

type leakless struct{ m *testing.M }

func (l leakless) Run() int {
	code := l.m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// runHere is main with targets that can't be reached: what these scripts test
// ends before or at the door of a server.
func runHere() int {
	return Run(context.Background(), os.Args, Host{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Open: closedDoor})
}

func closedDoor(_ context.Context, dsn string) (*dialect.Database, error) {
	return nil, dberr.Mark(dberr.Unreachable, errors.New("dial "+dsn+": connection refused"))
}

// TestScripts runs testdata/*.txtar. plan.json is the fixture; $PROMETHEUS is the address of metricsServer.
func TestScripts(t *testing.T) {
	prometheus := metricsServer(t)
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(e *testscript.Env) error {
			b, err := fixture().Encode()
			if err != nil {
				return err
			}
			e.Setenv("PROMETHEUS", prometheus)
			return os.WriteFile(filepath.Join(e.WorkDir, "plan.json"), b, 0o644)
		},
	})
}

// exits CODE COMMAND…: the command's exit code must be CODE.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit %s, want %s", got, args[0])
	}
}

// call runs a command in this process.
func call(ctx context.Context, h Host, args ...string) (code int, stderr string) {
	var out, errs bytes.Buffer
	if h.Stdout == nil {
		h.Stdout = &out
	}
	h.Stdin, h.Stderr, h.Getenv = strings.NewReader(""), &errs, func(string) string { return "" }
	code = Run(ctx, append([]string{"phasemig"}, args...), h)
	return code, errs.String()
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestLostResult: a result that didn't reach its file is no success.
func TestLostResult(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"version", "--output", "json"}, {"plan", "--print-schema"}} {
		code, stderr := call(t.Context(), Host{Stdout: fullDisk{}}, args...)
		if code != exitError || !strings.Contains(stderr, "no space left") {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}

// TestSignal: a call that is asked to end says that it may be made again.
func TestSignal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	waiting := func(ctx context.Context, _ string) (*dialect.Database, error) {
		cancel()
		<-ctx.Done()
		return nil, fmt.Errorf("connect: %w", context.Cause(ctx))
	}
	code, stderr := call(ctx, Host{Open: waiting}, "list", "--dsn", "postgres://app@db/shop")
	if code != exitTemporary || !strings.Contains(stderr, "safe to call again") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestEveryCommandHasHelp, and a word for each flag.
func TestEveryCommandHasHelp(t *testing.T) {
	p := &program{Host: Host{Getenv: os.Getenv}}
	for _, c := range p.commands() {
		var out bytes.Buffer
		if code, stderr := call(t.Context(), Host{Stdout: &out}, c.Name, "--help"); code != 0 || stderr != "" {
			t.Errorf("%s --help: exit %d, %s", c.Name, code, stderr)
		}
		if c.Usage == "" || !strings.Contains(out.String(), c.Usage) {
			t.Errorf("%s --help: %s", c.Name, out.String())
		}
		for _, f := range c.Flags {
			if d, ok := f.(interface{ GetUsage() string }); !ok || d.GetUsage() == "" {
				t.Errorf("%s: flag %s says nothing", c.Name, f.Names()[0])
			}
		}
	}
}
