package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strconv"
	"time"

	gomysql "github.com/go-sql-driver/mysql"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/dialect/sqlstate"
	"github.com/phasemig/phasemig/schema"
)

// sqlMode is the mode of all our sessions and, for ever, of our triggers: strict,
// so that a value that doesn't fit is an error and never cut; without NO_ZERO_DATE, so that
// values that are there can be copied; without any mode that changes how SQL is
// read, so that a plan means the same on every server.
const sqlMode = "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION"

// A runner that is halted in the middle of something keeps what it has locked until its
// session ends. The server ends it: after idleSeconds without a statement, or lockedSeconds under
// locks that the application waits for. Those that work are never idle for so long; a session
// that is ended between two pieces of work is opened anew.
const (
	idleSeconds   = 20
	lockedSeconds = 5
)

// sessionSQL makes a session independent of the server's settings. lock_wait_timeout
// is what a statement waits for a metadata lock; DDL sets its own.
var sessionSQL = []string{
	"SET NAMES utf8mb4", // with the server's default collation, as applications have it
	"SET SESSION time_zone = '+00:00', sql_mode = '" + sqlMode + "', lock_wait_timeout = 5, innodb_lock_wait_timeout = 5, wait_timeout = " + strconv.Itoa(idleSeconds) + ", " +
		"autocommit = 1, sql_safe_updates = 0, sql_select_limit = DEFAULT, sql_big_selects = 1, foreign_key_checks = 1, unique_checks = 1, sql_quote_show_create = 1",
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
	"SET SESSION information_schema_stats_expiry = 0", // sizes and AUTO_INCREMENT would be a day old
	"SET SESSION max_execution_time = 0",
	"SET SESSION max_statement_time = 0",
}

// server is one open target.
type server struct {
	target
	db  *sql.DB
	see schema.Server // as of Open
}

// Open opens a target. Errors: *plans.InputError, dberr.Unreachable, dberr.BadLogin.
func Open(ctx context.Context, dsn string) (*dialect.Database, error) {
	s, err := open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	store := sqlstate.New(s.db, stateFlavor(), s.identity)
	return &dialect.Database{
		Name: dialectName(s.see), Target: s.shown, Reader: s, Rules: rules{}, Store: store, Steps: s, Server: s, Watch: s,
		Columns: s.columns, Shadow: s.shadow, Desired: s.desired,
		Replica: func(ctx context.Context, dsn string) (dialect.Replica, error) { return s.openReplica(ctx, dsn) },
		Close: func() error {
			_ = store.Close() // what it leaves behind ends with the pool
			return s.db.Close()
		},
	}, nil
}

func open(ctx context.Context, dsn string) (*server, error) {
	t, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	s := &server{target: t}
	if s.db, err = s.pool(nil); err != nil {
		return nil, err
	}
	s.db.SetMaxOpenConns(12)
	if err := s.db.PingContext(ctx); err != nil {
		_ = s.db.Close()
		return nil, fmt.Errorf("connect to %s: %w", t.shown, classifyLogin(err))
	}
	if s.see, err = s.Info(ctx); err != nil {
		_ = s.db.Close()
		return nil, err
	}
	return s, nil
}

// pool opens a pool whose sessions run sessionSQL and then extra.
func (t target) pool(extra []string) (*sql.DB, error) {
	c := t.config.Clone()
	c.InterpolateParams = true
	c.ConnectionAttributes = "program_name:" + programName
	c.Logger = &gomysql.NopLogger{} // errors are returned; the driver's own words would mix with the output
	inner, err := gomysql.NewConnector(c)
	if err != nil {
		return nil, badDSN(err.Error())
	}
	db := sql.OpenDB(dialect.Bounded(connector{inner, append(append([]string{}, sessionSQL...), extra...)}))
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

// connector prepares each new session.
type connector struct {
	driver.Connector
	prepare []string
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	x := conn.(driverConn)
	for _, q := range c.prepare {
		if _, err := x.ExecContext(ctx, q, nil); err != nil && !is(err, 1193) { // 1193: a variable that this server lacks
			_ = conn.Close()
			return nil, fmt.Errorf("prepare the session (%s): %w", q, err)
		}
	}
	return heedful{x}, nil
}
