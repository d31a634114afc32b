package throwaway

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

type postgresProduct struct{}

func (postgresProduct) account() (*account, error) { return unprivileged() }
func (postgresProduct) shutdown() syscall.Signal   { return syscall.SIGINT }  // "fast": does not wait for clients
func (postgresProduct) discard() syscall.Signal    { return syscall.SIGQUIT } // "immediate": frees its shared memory

func (postgresProduct) ready(ctx context.Context, dsn string) error { return ping(ctx, dsn) }

func (postgresProduct) dsn(addr string) string {
	return "postgres://postgres@" + addr + "/?sslmode=disable"
}

// create makes a cluster of its own every time, as initdb takes less than a second and a copy would have
// the system identifier of its original: to a program that compares them, two servers would be one.
func (p postgresProduct) create(ctx context.Context, l *local) error {
	fill := p.initdb
	if l.options.ReplicaOf != nil {
		fill = p.backup
	}
	if err := fill(ctx, l); err != nil {
		return err
	}
	return p.configure(l)
}

func (postgresProduct) initdb(ctx context.Context, l *local) error {
	initdb, err := l.programs.tool("initdb")
	if err != nil {
		return err
	}
	return l.tool(ctx, initdb, "-D", l.data(), "-U", "postgres", "--auth=trust", "--encoding=UTF8",
		"--locale=C.UTF-8", "--no-sync", "--no-instructions")
}

// backup copies the source; -R writes where to follow it from.
func (postgresProduct) backup(ctx context.Context, l *local) error {
	basebackup, err := l.programs.tool("pg_basebackup")
	if err != nil {
		return err
	}
	return l.tool(ctx, basebackup, "-d", l.options.ReplicaOf.DSN("postgres"), "-D", l.data(),
		"-R", "-X", "stream", "-c", "fast", "--no-sync")
}

// configure appends to the configuration file, where the last setting of a name wins. On the command line
// they would also win over ALTER SYSTEM, which a test may want to use.
func (p postgresProduct) configure(l *local) error {
	file, err := os.OpenFile(filepath.Join(l.data(), "postgresql.conf"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("open the configuration: %w", err)
	}
	where := []string{"listen_addresses=127.0.0.1", "unix_socket_directories=" + l.dir}
	for _, s := range append(where, p.settings(l.options, p.hasLibrary(l, "pg_stat_statements.so"))...) {
		name, value := setting(s)
		fmt.Fprintf(file, "%s = '%s'\n", name, strings.ReplaceAll(value, "'", "''"))
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// settings switch on what a migration needs. The last of two equal ones wins.
func (postgresProduct) settings(o Options, statistics bool) []string {
	s := []string{
		"wal_level=logical", "max_wal_senders=20", "max_replication_slots=20", "max_prepared_transactions=20",
		"track_commit_timestamp=off", "shared_buffers=256MB",
	}
	if statistics {
		s = append(s, "shared_preload_libraries=pg_stat_statements")
	}
	if o.Tuned {
		s = append(s, "shared_buffers=2GB", "max_wal_size=8GB")
	}
	return append(s, o.Settings...)
}

// hasLibrary reports whether the optional modules were installed.
func (postgresProduct) hasLibrary(l *local, name string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(l.programs.server), "../lib", name))
	return err == nil
}

func (postgresProduct) command(l *local) ([]string, error) {
	return []string{l.programs.server, "-D", l.data(), "-p", fmt.Sprint(l.port)}, nil
}

// release has nothing to do: a "fast" shutdown waits for replicas only, and those follow on loopback.
func (postgresProduct) release(context.Context, string) {}

// follow has nothing to do: a copied cluster follows from its first start.
func (postgresProduct) follow(context.Context, *Server, *Server) error { return nil }
