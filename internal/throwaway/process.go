package throwaway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// grace is how long a server may take to shut down before it is killed: a clean shutdown of these small
// servers takes a second or two, but PostgreSQL waits up to a minute for a reader of its log that is halted.
const grace = 90 * time.Second

// process is a running server.
type process struct {
	pid  int
	done chan struct{} // closed when it has ended; err is set by then
	err  error
}

// spawn starts cmd in a process group of its own, so that a Ctrl-C in the terminal reaches us and not it.
func spawn(cmd *exec.Cmd, as *account) (*process, error) {
	cmd.SysProcAttr = attributes(as)
	p := &process{done: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(cmd, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// run keeps its thread from start to end: the kernel's parent-death signal is sent when the thread that
// started the child ends, not the process.
func (p *process) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.pid = cmd.Process.Pid
	started <- nil
	p.err = cmd.Wait()
}

func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// ended says how it ended, or nothing if it is running.
func (p *process) ended() error {
	if p.running() {
		return nil
	}
	return cmp.Or(p.err, errors.New("exit status 0"))
}

// stop asks the server to end and waits for it; it is killed if it takes longer than ctx or the grace allows.
func (p *process) stop(ctx context.Context, s syscall.Signal) error {
	if !p.running() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if err := p.signal(s); err != nil && p.running() {
		return fmt.Errorf("signal process %d: %w", p.pid, err)
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		p.kill()
		return fmt.Errorf("stop process %d, killed instead: %w", p.pid, context.Cause(ctx))
	}
}

// signal reaches the server alone: it tells its own children.
func (p *process) signal(s syscall.Signal) error {
	child, err := os.FindProcess(p.pid)
	if err != nil {
		return err
	}
	return child.Signal(s)
}

// kill ends the server and all its children the hard way.
func (p *process) kill() {
	if !p.running() {
		return
	}
	killTree(p.pid)
	<-p.done
}
