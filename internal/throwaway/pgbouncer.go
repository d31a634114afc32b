package throwaway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// pgBouncer is no server of its own, so it is not among the Kinds.
const pgBouncer Kind = "pgbouncer"

// StartPgBouncer starts a PgBouncer in front of upstream that gives out server connections for one transaction
// at a time. What it returns is used like upstream itself.
func StartPgBouncer(ctx context.Context, upstream *Server, o Options) (*Server, error) {
	if !upstream.kind.IsPostgres() {
		return nil, errors.New("PgBouncer is for PostgreSQL")
	}
	o = o.withDefaults()
	p, err := obtain(ctx, pgBouncer, o)
	if err != nil {
		return nil, err
	}
	l, err := newLocal(ctx, p, &bouncerProduct{upstream: upstream}, o)
	if err != nil {
		return nil, err
	}
	return launch(ctx, upstream.kind, o, l)
}

// bouncerProduct shares with PostgreSQL its refusal to run as root and the form of its DSN.
type bouncerProduct struct {
	postgresProduct
	upstream *Server
}

// shutdown is "immediate": an orderly one waits for the clients' transactions.
func (b *bouncerProduct) shutdown() syscall.Signal { return syscall.SIGTERM }
func (b *bouncerProduct) discard() syscall.Signal  { return syscall.SIGTERM }

func (b *bouncerProduct) create(_ context.Context, l *local) error {
	_, err := l.write("users.txt", "\"postgres\" \"\"\n")
	return err
}

// command writes the configuration, as the port is only now known.
func (b *bouncerProduct) command(l *local) ([]string, error) {
	host, port, _ := strings.Cut(b.upstream.Addr(), ":")
	settings := []string{
		"listen_addr=127.0.0.1", fmt.Sprintf("listen_port=%d", l.port), "unix_socket_dir=",
		"auth_type=trust", "auth_file=" + l.dir + "/users.txt", "admin_users=postgres",
		"pool_mode=transaction", "max_client_conn=500", "ignore_startup_parameters=extra_float_digits",
	}
	text := fmt.Sprintf("[databases]\n* = host=%s port=%s\n[pgbouncer]\n%s\n", host, port,
		strings.Join(append(settings, l.options.Settings...), "\n"))
	path, err := l.write("pgbouncer.ini", text)
	return []string{l.programs.server, path}, err
}
