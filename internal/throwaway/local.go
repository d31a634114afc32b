package throwaway

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// readiness bounds the wait for the first answer. A cold start takes a few seconds; recovery after a kill
// takes longer, on a busy machine much longer.
const readiness = 2 * time.Minute

// portAttempts is how often another port is tried when somebody took the one that had just been free.
const portAttempts = 5

// longestDir leaves room for a socket's name in the 104 bytes that the path of one may have: PostgreSQL's is
// .s.PGSQL.12345.lock.
const longestDir = 104 - 21

// local is a server whose programs run on this machine.
type local struct {
	programs programs
	product  product
	options  Options
	dir      string   // ours alone; removed by remove
	owner    *os.File // what claims it
	port     int      // kept for life once the server has answered
	as       *account // the user it runs as; nil: the one we are
	process  *process
}

// product is what differs between the servers.
type product interface {
	account() (*account, error)
	// create fills the data directory, or copies that of the server to follow.
	create(ctx context.Context, l *local) error
	// command is the server's command line.
	command(l *local) ([]string, error)
	// dsn is the superuser's way in, in the drivers' common URL form.
	dsn(addr string) string
	// ready is nil when the server at dsn answers.
	ready(ctx context.Context, dsn string) error
	// follow makes a running server a replica, if create has not.
	follow(ctx context.Context, replica, source *Server) error
	// shutdown is the signal for an orderly end that does not wait for clients.
	shutdown() syscall.Signal
	// discard is the signal for the fastest end that leaves nothing behind outside the server's directory.
	discard() syscall.Signal
	// release drops the connections for which the server would nevertheless wait.
	release(ctx context.Context, dsn string)
}

// newLocal creates the directory and the data of a server that is not yet running.
func newLocal(ctx context.Context, p programs, like product, o Options) (*local, error) {
	l := &local{programs: p, product: like, options: o, port: o.Port}
	var err error
	if l.as, err = l.product.account(); err != nil {
		return nil, err
	}
	sweep(cmp.Or(o.Dir, os.TempDir()))
	if l.dir, err = newDir(o.Dir, p.kind); err != nil {
		return nil, err
	}
	if err = l.fill(ctx); err != nil {
		return nil, errors.Join(err, l.remove(ctx))
	}
	return l, nil
}

func (l *local) fill(ctx context.Context) (err error) {
	if l.owner, err = own(l.dir); err != nil {
		return err
	}
	if err := errors.Join(l.as.reach(l.dir), l.as.reach(l.programs.server), l.as.own(l.dir)); err != nil {
		return err
	}
	if err := os.Mkdir(l.temporary(), 0o755); err != nil {
		return fmt.Errorf("create the folder of temporary tables: %w", err)
	}
	if err := l.product.create(ctx, l); err != nil {
		return fmt.Errorf("create the data of a %s %s: %w", l.programs.kind, l.programs.version, err)
	}
	return nil
}

func (l *local) data() string { return filepath.Join(l.dir, "data") }
func (l *local) log() string  { return filepath.Join(l.dir, "server.log") }
func (l *local) dsn() string {
	return l.product.dsn(net.JoinHostPort("127.0.0.1", strconv.Itoa(l.port)))
}
func (l *local) socket() string    { return filepath.Join(l.dir, "s.sock") }
func (l *local) temporary() string { return filepath.Join(l.dir, "temporary") }

// environment gives MySQL and MariaDB a folder of their own for temporary tables. They clear it when they start:
// were it shared, they would take those of a neighbour away under its queries.
func (l *local) environment() []string { return append(os.Environ(), "TMPDIR="+l.temporary()) }

// pid is that of the running server, or 0.
func (l *local) pid() int {
	if !l.process.running() {
		return 0
	}
	return l.process.pid
}

// start runs the server until it answers. The first time it looks for a free port; somebody else may take
// it before the server does, so it tries again with another.
func (l *local) start(ctx context.Context) error {
	if l.port != 0 {
		return l.launch(ctx)
	}
	for attempt := 1; ; attempt++ {
		l.port = freePort()
		err := l.launch(ctx)
		if err == nil || attempt == portAttempts || !l.portTaken() {
			return err
		}
	}
}

func (l *local) launch(ctx context.Context) error {
	log, err := os.OpenFile(l.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	defer log.Close()
	args, err := l.product.command(l)
	if err != nil {
		return err
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = l.dir, l.environment(), log, log
	if l.process, err = spawn(cmd, l.as); err != nil {
		return err
	}
	if err = answer(ctx, l.product.ready, l.dsn(), l.process.ended); err != nil {
		l.process.kill()
		return fmt.Errorf("wait for %s on port %d: %w\n%s", l.programs.server, l.port, err, l.tail())
	}
	return nil
}

// answer waits until the server is ready, and no longer than it lives.
func answer(ctx context.Context, ready func(context.Context, string) error, dsn string, ended func() error) error {
	ctx, cancel := context.WithTimeout(ctx, readiness)
	defer cancel()
	for {
		err := ready(ctx, dsn)
		if err == nil {
			return nil
		}
		if end := ended(); end != nil {
			return fmt.Errorf("it ended (%w), last: %w", end, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, last: %w", context.Cause(ctx), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (l *local) stop(ctx context.Context) error {
	if !l.process.running() {
		return nil
	}
	l.product.release(ctx, l.dsn())
	return l.process.stop(ctx, l.product.shutdown())
}

func (l *local) kill() error { l.process.kill(); return nil }

// remove spares the server the work of a clean shutdown, for which MySQL takes seconds.
func (l *local) remove(ctx context.Context) error {
	if err := l.process.stop(ctx, l.product.discard()); err != nil {
		return err
	}
	defer l.owner.Close()
	if err := os.RemoveAll(l.dir); err != nil {
		return fmt.Errorf("remove the server's directory: %w", err)
	}
	return nil
}

// tail is the end of the server's log, for an error message.
func (l *local) tail() string {
	text, _ := os.ReadFile(l.log())
	if len(text) > 2000 {
		text = text[len(text)-2000:]
	}
	return string(text)
}

func (l *local) portTaken() bool {
	text, _ := os.ReadFile(l.log())
	return bytes.Contains(text, []byte("ddress already in use"))
}

// tool runs a program that prepares data, as the server's user.
func (l *local) tool(ctx context.Context, path string, args ...string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = l.dir, l.environment(), attributes(l.as)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", path, err, out)
	}
	return nil
}

// freePort avoids the range from which systems pick the ports of outgoing connections (32768 and up on Linux,
// 49152 elsewhere): such a connection could hold the port when the server restarts.
func freePort() int {
	for {
		port := 20000 + rand.IntN(12000)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			listener.Close()
			return port
		}
	}
}

// dirName begins the name of a server's directory.
func dirName(k Kind) string { return "phasemig-" + string(k) + "-" }

// newDir creates the server's directory.
func newDir(parent string, k Kind) (string, error) {
	dir, err := os.MkdirTemp(parent, dirName(k))
	if err != nil {
		return "", fmt.Errorf("create the server's directory: %w", err)
	}
	if len(dir) > longestDir {
		os.Remove(dir)
		return "", fmt.Errorf("%s is too long for the path of a socket: choose a shorter directory", dir)
	}
	return dir, nil
}

// write puts a file into the server's directory and returns its path.
func (l *local) write(name, text string) (string, error) {
	path := filepath.Join(l.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	return path, nil
}
