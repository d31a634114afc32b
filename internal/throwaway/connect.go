package throwaway

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Open opens a database by its mysql:// (or mariadb://) or postgres:// URL, as returned by Server.DSN. The
// MySQL driver wants another form; the URL's query is passed on to it. On both, one Exec without arguments
// may carry several statements.
func Open(dsn string) (*sql.DB, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, fmt.Errorf("parse the DSN: %w", err)
	}
	switch u.Scheme {
	case "postgres", "postgresql":
		return sql.Open("pgx", dsn)
	case "mysql", "mariadb":
		config, err := mysqlConfig(u)
		if err != nil {
			return nil, err
		}
		connector, err := mysql.NewConnector(config)
		if err != nil {
			return nil, fmt.Errorf("configure the connection: %w", err)
		}
		return sql.OpenDB(connector), nil
	default:
		return nil, fmt.Errorf("open %s: the scheme must be mysql or postgres", u.Redacted())
	}
}

func mysqlConfig(u *url.URL) (*mysql.Config, error) {
	config, err := mysql.ParseDSN("/?" + u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("read the DSN's parameters: %w", err)
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Net, config.Addr = "tcp", u.Host
	if u.Port() == "" {
		config.Addr += ":3306"
	}
	config.DBName = strings.TrimPrefix(u.Path, "/")
	config.MultiStatements = true
	config.Logger = quiet{}
	return config, nil
}

// quiet drops what the driver would print to stderr about broken connections: every such error is also
// returned, and a server that is starting breaks many.
type quiet struct{}

func (quiet) Print(...any) {}

func ping(ctx context.Context, dsn string) error {
	_, err := value(ctx, dsn, "SELECT 1")
	return err
}

// value runs a query and returns its first column as text.
func value(ctx context.Context, dsn, query string, args ...any) (string, error) {
	db, err := Open(dsn)
	if err != nil {
		return "", err
	}
	defer db.Close()
	var text sql.NullString
	if err := db.QueryRowContext(ctx, query, args...).Scan(&text); err != nil {
		return "", fmt.Errorf("query %q: %w", query, err)
	}
	return text.String, nil
}

// execute runs statements on one connection, in order.
func execute(ctx context.Context, dsn string, statements ...string) error {
	db, err := Open(dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("execute %q: %w", statement, err)
		}
	}
	return nil
}
