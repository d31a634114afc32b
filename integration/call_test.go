package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds a single call of the program: a test that hangs is a failure.
const patience = 3 * time.Minute

// home is a directory and an environment from which the program is called.
type home struct {
	t   testing.TB
	dir string
	env []string
}

func newHome(t testing.TB, dsn string, env ...string) *home {
	return &home{t, t.TempDir(), append([]string{"PHASEMIG_DSN=" + dsn}, env...)}
}

// with is the same home with more environment.
func (h *home) with(env ...string) *home {
	return &home{h.t, h.dir, append(append([]string{}, h.env...), env...)}
}

func (h *home) path(name string) string { return h.dir + "/" + name }

func (h *home) write(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(h.path(name), []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) read(name string) string {
	h.t.Helper()
	b, err := os.ReadFile(h.path(name))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

// called is a call of the program that has ended.
type called struct {
	args           []string
	exit           int // -1: by a signal
	signal         syscall.Signal
	stdout, stderr string
}

// process is a call that goes on.
type process struct {
	h    *home
	args []string
	cmd  *exec.Cmd
	out  *tail
	err  *tail
}

// tail keeps what a process writes and can be read while it writes.
type tail struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed and renewed at each write
}

func newTail() *tail { return &tail{more: make(chan struct{})} }

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.more)
	t.more = make(chan struct{})
	return t.text.Write(b)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

func (h *home) start(args ...string) *process {
	h.t.Helper()
	p := &process{h: h, args: args, cmd: exec.Command(program, args...), out: newTail(), err: newTail()}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = h.dir, p.out, p.err
	p.cmd.Env = append(clean(os.Environ()), h.env...)
	if err := p.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	return p
}

// clean takes away what would change the program's behaviour from outside.
func clean(env []string) []string {
	var out []string
	for _, e := range env {
		if !strings.HasPrefix(e, "PHASEMIG_") {
			out = append(out, e)
		}
	}
	return out
}

func (p *process) signal(s os.Signal) {
	p.h.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.h.t.Fatal(err)
	}
}

// state is the letter that the system has for the process: T is halted, Z is over.
func (p *process) state() string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	if err != nil {
		return "Z"
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return rest[:1]
}

// wait waits for the end.
func (p *process) wait() called {
	p.h.t.Helper()
	limit := time.AfterFunc(patience, func() { _ = p.cmd.Process.Signal(syscall.SIGQUIT) })
	defer limit.Stop()
	err := p.cmd.Wait()
	c := called{args: p.args, stdout: p.out.String(), stderr: p.err.String()}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.h.t.Fatal(err)
	}
	c.exit = p.cmd.ProcessState.ExitCode()
	if s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		c.signal = s.Signal()
	}
	return c
}

// call runs the program to its end.
func (h *home) call(args ...string) called {
	h.t.Helper()
	return h.start(args...).wait()
}

// must is call with the exit code that is wanted.
func (h *home) must(exit int, args ...string) called {
	h.t.Helper()
	c := h.call(args...)
	c.want(h.t, exit)
	return c
}

func (c called) want(t testing.TB, exit int) {
	t.Helper()
	if c.exit != exit {
		t.Fatalf("phasemig %s: exit %d (signal %v), want %d\n%s%s", strings.Join(c.args, " "), c.exit, c.signal, exit, c.stdout, c.stderr)
	}
}

// says fails unless stderr holds every word.
func (c called) says(t testing.TB, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(c.stderr, w) {
			t.Fatalf("phasemig %s: stderr doesn't say %q:\n%s", strings.Join(c.args, " "), w, c.stderr)
		}
	}
}

// document reads stdout as the one JSON document that it must be.
func document[T any](t testing.TB, c called) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(c.stdout), &v); err != nil {
		t.Fatalf("phasemig %s: stdout is no JSON document: %v\n%s", strings.Join(c.args, " "), err, c.stdout)
	}
	return v
}
