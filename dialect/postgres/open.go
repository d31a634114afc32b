package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/dialect/sqlstate"
	"github.com/phasemig/phasemig/plans"
)

// Name is what plans call this dialect.
const Name = "postgres"

// applicationName is how phasemig's sessions show in pg_stat_activity.
const applicationName = "phasemig"

// Open connects to the target of a URL "postgres://user@host:5432/db?sslmode=…".
func Open(ctx context.Context, dsn string) (*dialect.Database, error) {
	s, err := connect(ctx, dsn, 12)
	if err != nil {
		return nil, err
	}
	store := sqlstate.New(s.db, stateFlavor(), s.identity)
	return &dialect.Database{
		Name:    Name,
		Target:  s.target,
		Reader:  s,
		Rules:   Rules{},
		Store:   store,
		Steps:   &steps{s},
		Server:  s,
		Watch:   s,
		Columns: s.openColumns,
		Shadow:  s.openShadow,
		Replica: s.openReplica,

		IndexTable: s.indexTable,
		Desired:    s.desired,
		Close:      func() error { return errors.Join(store.Close(), s.db.Close()) },
	}, nil
}

// server is one open target.
type server struct {
	db     *sql.DB
	config *pgx.ConnConfig
	target string
	number int    // server_version_num, for catalog columns that came later
	oid    uint32 // the database's
}

// oldest is the first version whose behaviour was checked.
const oldest = 130000

// settled are the settings of every session: values are written as text in one
// form, foreign defaults can't change what a statement means, and nothing cuts a
// long build short. A transaction in which nothing happens is that of a runner that was halted: what
// it has locked the server gives back after a while. row_security off turns rows hidden by a policy into an error.
const settled = `SET application_name = '` + applicationName + `'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex';
SET extra_float_digits = 1; SET standard_conforming_strings = on; SET row_security = off; SET statement_timeout = 0; SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = '15s'; SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off; SET jit = off;
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN ('transaction_timeout', 'idle_session_timeout')`

func connect(ctx context.Context, dsn string, pool int) (*server, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, &plans.InputError{What: "target", Reason: err.Error(), Hint: "want postgres://user@host:5432/database?sslmode=…"}
	}
	s := &server{config: config, target: withoutPassword(config)}
	s.db = s.pool(pool, settled)
	if err := s.db.PingContext(ctx); err != nil {
		_ = s.db.Close()
		return nil, fmt.Errorf("connect to %s: %w", s.target, connectError(err))
	}
	if err := s.db.QueryRowContext(ctx, "SELECT pg_catalog.current_setting('server_version_num')::int, (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())").Scan(&s.number, &s.oid); err != nil {
		_ = s.db.Close()
		return nil, fmt.Errorf("read the version of %s: %w", s.target, classify(err))
	}
	return s, nil
}

// pool opens sessions to the same target that all start with the same settings.
func (s *server) pool(size int, settings string) *sql.DB { return s.poolSaying(size, settings, nil) }

// poolSaying hands on what the server tells besides results.
func (s *server) poolSaying(size int, settings string, said pgconn.NoticeHandler) *sql.DB {
	config := s.config.Copy()
	config.OnNotice = said
	db := sql.OpenDB(dialect.Bounded(stdlib.GetConnector(*config, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		if err := refusePooler(ctx, c); err != nil {
			return err
		}
		_, err := c.Exec(ctx, settings, pgx.QueryExecModeSimpleProtocol)
		return err
	}))))
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db
}

func withoutPassword(c *pgx.ConnConfig) string {
	u := url.URL{Scheme: "postgres", Host: net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), Path: "/" + c.Database}
	if c.User != "" {
		u.User = url.User(c.User)
	}
	return u.String()
}

const pooledAdvice = "connect to the server's own host and port, not to the pooler's"

// refusePooler refuses a proxy that hands out other servers' sessions: the process id
// that the login promised isn't the one that answers. It is asked before anything is set,
// since a setting would stay in a session that others are given next.
func refusePooler(ctx context.Context, c *pgx.Conn) error {
	var answers uint32
	if err := c.QueryRow(ctx, "SELECT pg_catalog.pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&answers); err != nil {
		return err
	}
	if answers != c.PgConn().PID() {
		return &plans.RefusedError{What: "target", Reason: "a pooling proxy (PgBouncer or the like) stands in between: settings, locks and marks of a session would end up in other sessions", Hint: pooledAdvice}
	}
	return nil
}
