package throwaway

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// errForeign refuses to kill or restart what somebody else runs.
var errForeign = errors.New("the server is not ours")

// runner keeps a server running: on this machine, or in a container.
type runner interface {
	dsn() string
	pid() int
	start(ctx context.Context) error
	stop(ctx context.Context) error
	kill() error
	remove(ctx context.Context) error
}

// Server is a database server: one that Start started, or one that Attach found.
type Server struct {
	kind    Kind
	version string
	url     *url.URL // of no particular database
	runner  runner   // nil for an attached server
}

// number finds the version in what a server says about itself: "9.7.4-2", "10.11.19-MariaDB-log",
// "18.6 (Debian 18.6-3)".
var number = regexp.MustCompile(`^\d+(\.\d+)*`)

// Attach makes a Server of one that is running already. Its DSN must be a superuser's.
func Attach(ctx context.Context, k Kind, dsn string) (*Server, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, fmt.Errorf("parse the DSN of %s: %w", k, err)
	}
	if strings.HasPrefix(u.Scheme, "postgres") != k.IsPostgres() {
		return nil, fmt.Errorf("the DSN of %s has the scheme %s", k, u.Scheme)
	}
	s := &Server{kind: k, url: u}
	text, err := value(ctx, dsn, "SELECT version()")
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", k, err)
	}
	s.version = number.FindString(strings.TrimPrefix(text, "PostgreSQL "))
	if !fits(k, s.version, text) {
		return nil, fmt.Errorf("the server at %s is not %s but %s", u.Host, k, text)
	}
	return s, nil
}

// DSN is the URL of a database, as the superuser without a password: mysql://root@127.0.0.1:PORT/name or
// postgres://postgres@127.0.0.1:PORT/name?sslmode=disable.
func (s *Server) DSN(database string) string {
	u := *s.url
	u.Path = "/" + database
	return u.String()
}

// Kind is what the server was asked to be.
func (s *Server) Kind() Kind { return s.kind }

// Version is the server's version, such as 9.7.4.
func (s *Server) Version() string { return s.version }

// Addr is host:port.
func (s *Server) Addr() string { return s.url.Host }

// Pid is the server's process, or 0 if it is not running or runs elsewhere.
func (s *Server) Pid() int {
	if s.runner == nil {
		return 0
	}
	return s.runner.pid()
}

// CreateDatabase creates an empty database.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	if err := execute(ctx, s.DSN(s.maintenance()), "CREATE DATABASE "+s.quote(name)); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// DropDatabase drops a database, and whatever still uses it.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	statement := "DROP DATABASE IF EXISTS " + s.quote(name)
	if s.kind.IsPostgres() {
		statement += " WITH (FORCE)"
	}
	if err := s.vacate(ctx, name); err != nil {
		return err
	}
	if err := execute(ctx, s.DSN(s.maintenance()), statement); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

// vacate ends the sessions that would hold up DROP DATABASE: MySQL waits for their locks, and PostgreSQL refuses
// while a logical slot of the database is being read, which FORCE does not change.
func (s *Server) vacate(ctx context.Context, name string) error {
	if !s.kind.IsPostgres() {
		return killSessions(ctx, s.DSN(s.maintenance()), func(p session) bool { return p.database == name })
	}
	list := "SELECT string_agg(active_pid::text, ',') FROM pg_replication_slots WHERE database = $1"
	end := "SELECT pg_terminate_backend(%s, 5000)"
	ids, err := value(ctx, s.DSN(s.maintenance()), list, name)
	if err != nil || ids == "" {
		return err
	}
	for id := range strings.SplitSeq(ids, ",") {
		_ = execute(ctx, s.DSN(s.maintenance()), fmt.Sprintf(end, id)) // it may have ended by itself
	}
	return nil
}

// maintenance is the database to be in when working on others.
func (s *Server) maintenance() string {
	if s.kind.IsPostgres() {
		return "postgres"
	}
	return ""
}

func (s *Server) quote(name string) string {
	mark := "`"
	if s.kind.IsPostgres() {
		mark = `"`
	}
	return mark + strings.ReplaceAll(name, mark, mark+mark) + mark
}

// Stop ends the server and removes its directory. An attached server is left alone.
func (s *Server) Stop(ctx context.Context) error {
	if s.runner == nil {
		return nil
	}
	return s.runner.remove(ctx)
}

// Kill ends the server as a power cut would end it, except that the page cache survives. The data stays.
func (s *Server) Kill() error {
	if s.runner == nil {
		return errForeign
	}
	return s.runner.kill()
}

// Restart starts the server again on its data and its port; it is shut down first if it is running.
func (s *Server) Restart(ctx context.Context) error {
	if s.runner == nil {
		return errForeign
	}
	if err := s.runner.stop(ctx); err != nil {
		return err
	}
	return s.runner.start(ctx)
}

// CatchUp waits until replica has applied everything that is committed here now.
func (s *Server) CatchUp(ctx context.Context, replica *Server) error {
	if err := s.catchUp(ctx, replica); err != nil {
		return fmt.Errorf("wait for the replica: %w", err)
	}
	return nil
}

func (s *Server) catchUp(ctx context.Context, replica *Server) error {
	here, reached := s.positions()
	position, err := value(ctx, s.DSN(s.maintenance()), here)
	if err != nil {
		return err
	}
	for {
		done, err := value(ctx, replica.DSN(s.maintenance()), fmt.Sprintf(reached, position))
		if err != nil || done == "1" {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// positions are the query for the position here, and the one that says 1 on a replica that has reached it.
// MASTER_GTID_WAIT and WAIT_FOR_EXECUTED_GTID_SET wait for up to a second by themselves.
func (s *Server) positions() (here, reached string) {
	switch {
	case s.kind.IsPostgres():
		return "SELECT pg_current_wal_lsn()", "SELECT CASE WHEN pg_last_wal_replay_lsn() >= '%s'::pg_lsn THEN 1 ELSE 0 END"
	case s.kind == MariaDB:
		return "SELECT @@GLOBAL.gtid_binlog_pos", "SELECT MASTER_GTID_WAIT('%s', 1) = 0"
	default:
		return "SELECT @@GLOBAL.gtid_executed", "SELECT WAIT_FOR_EXECUTED_GTID_SET('%s', 1) = 0"
	}
}
