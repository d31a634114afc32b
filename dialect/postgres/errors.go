package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
)

// classes sorts SQLSTATEs, whole codes first, then classes of two digits. See
// PostgreSQL's documentation, appendix A.
var classes = map[string]error{
	"55P03": dberr.LockTimeout,
	"40P01": dberr.Deadlock,
	"40001": dberr.Deadlock,
	"42501": dberr.Denied,
	"25006": dberr.ReadOnly,
	"42P01": dberr.NotThere, "42703": dberr.NotThere, "42883": dberr.NotThere, "42704": dberr.NotThere, "3F000": dberr.NotThere,
	"42P07": dberr.Exists, "42701": dberr.Exists, "42710": dberr.Exists, "42723": dberr.Exists, "42P06": dberr.Exists,
	"23505": dberr.Duplicate, "23P01": dberr.Duplicate,
	"3D000": dberr.BadLogin,
	"57P01": dberr.ConnLost, "57P02": dberr.ConnLost, "57P05": dberr.ConnLost,
	"25P03": dberr.ConnLost, "25P04": dberr.ConnLost, // the server ends a session that was idle, or in a transaction, for too long
	"57P03": dberr.Unreachable, "53300": dberr.Unreachable,
	"28": dberr.BadLogin,
	"08": dberr.ConnLost,
	"22": dberr.DataError, "23": dberr.DataError,
	"42": dberr.Syntax, "0A": dberr.Syntax,
}

// classify puts a driver's error into a class; what it doesn't know it returns
// as it is.
func classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return bySQLState(pg, err)
	}
	var ne net.Error
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &ne) || strings.Contains(err.Error(), "conn closed") {
		return dberr.Mark(dberr.ConnLost, err)
	}
	return err
}

func bySQLState(pg *pgconn.PgError, err error) error {
	class, ok := classes[pg.Code]
	if !ok && len(pg.Code) == 5 {
		class, ok = classes[pg.Code[:2]]
	}
	if !ok {
		return err
	}
	if pg.Detail != "" {
		err = &detailed{err, pg.Detail}
	}
	err = dberr.Mark(class, err)
	if class == dberr.Denied {
		return dberr.WithHint(err, "%s", grantFor(pg))
	}
	if pg.Hint != "" {
		return dberr.WithHint(err, "%s", pg.Hint)
	}
	return err
}

// detailed is a server's error with its DETAIL line: which key, which value.
type detailed struct {
	err    error
	detail string
}

func (d *detailed) Error() string { return d.err.Error() + ": " + d.detail }
func (d *detailed) Unwrap() error { return d.err }

// denial is how the server names what a right is missing on.
var denial = regexp.MustCompile(`^permission denied for (schema|database|table|sequence|function|relation) (.+)$`)

// grantFor says which right is missing, as far as the server's message tells.
func grantFor(pg *pgconn.PgError) string {
	switch {
	case strings.Contains(pg.Message, "must be owner of"):
		return "connect as the owner, or become a member of the owner's role: GRANT <owner> TO <user>"
	case strings.Contains(pg.Message, "row-level security"):
		return "the table's policies would hide rows: connect as its owner (without FORCE ROW LEVEL SECURITY) or ALTER ROLE <user> BYPASSRLS"
	}
	m := denial.FindStringSubmatch(pg.Message)
	if m == nil {
		return "run `phasemig doctor`: it names each missing right with the statement that grants it"
	}
	switch m[1] {
	case "schema":
		return "GRANT USAGE, CREATE ON SCHEMA " + Quote(m[2]) + " TO <user>"
	case "database":
		return "GRANT CREATE ON DATABASE " + Quote(m[2]) + " TO <user>"
	}
	return "connect as the owner of " + m[2] + ", or become a member of the owner's role; `phasemig doctor` names each missing right"
}

// connectError classes what goes wrong before there is a session.
func connectError(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if strings.Contains(pg.Message, "unsupported startup parameter") {
			return dberr.WithHint(dberr.Mark(dberr.Unreachable, err), "%s", pooledAdvice)
		}
		return classify(err)
	}
	var refused *plans.RefusedError
	if errors.Is(err, context.Canceled) || errors.As(err, &refused) {
		return err
	}
	return dberr.Mark(dberr.Unreachable, err)
}
