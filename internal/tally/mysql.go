package tally

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// mariadb is MySQL, too.
type mariadb struct{}

func (mariadb) quote(name string) string { return "`" + name + "`" }

func (mariadb) settings(level, mode string) []string {
	list := []string{"SET SESSION TRANSACTION ISOLATION LEVEL " + level, "SET SESSION innodb_lock_wait_timeout = 5"}
	if mode != "" {
		list = append(list, "SET SESSION sql_mode = '"+mode+"'")
	}
	return list
}

func (mariadb) insert(t *transaction, names, values string) (int64, error) {
	res, err := t.exec("INSERT INTO %s (%s) VALUES (%s)", Table, names, values)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

func (mariadb) head(table, names string) string {
	return "INSERT INTO " + table + " (" + names + ") VALUES "
}

func (mariadb) loaded(context.Context, *sql.DB, string, string) error { return nil }

func (mariadb) beginBranch(t *transaction, id string) error {
	_, err := t.exec("XA START %s", id)
	return err
}

func (mariadb) branchID(name string, writer, n, format int) string {
	return fmt.Sprintf("'%s-%d-%d','b',%d", name, writer, n, format)
}

func (mariadb) endWork(t *transaction, id string, err error) error {
	_, end := t.conn.ExecContext(t.ctx, "XA END "+id)
	return errors.Join(err, end)
}

func (mariadb) prepareBranch(t *transaction, id string) error {
	_, err := t.exec("XA PREPARE %s", id)
	return err
}

func (mariadb) abandonBranch(t *transaction, id string) {
	_, _ = t.conn.ExecContext(t.ctx, "XA ROLLBACK "+id)
}

func (mariadb) settleBranch(id string, commit bool) string {
	if commit {
		return "XA COMMIT " + id
	}
	return "XA ROLLBACK " + id
}

func (mariadb) once(id string) string { return "XA COMMIT " + id + " ONE PHASE" }

func (mariadb) detaches(ctx context.Context, db *sql.DB) bool {
	var yes bool
	return db.QueryRowContext(ctx, "SELECT @@xa_detach_on_prepare").Scan(&yes) == nil && yes
}

// Server errors: what an application tries again, and names of the other shape.
const (
	deadlock      = 1213
	lockTimeout   = 1205
	xaDeadlock    = 1614
	xaTimeout     = 1613
	changed       = 1412 // the table has changed since the transaction's snapshot: "please retry"
	unknownColumn = 1054
)

func (mariadb) verdict(err error) verdict {
	var m *mysql.MySQLError
	if !errors.As(err, &m) {
		return wrong
	}
	switch m.Number {
	case deadlock, lockTimeout, xaDeadlock, xaTimeout, changed:
		return again
	case unknownColumn:
		return otherShape
	}
	return wrong
}

func (m mariadb) copyOf(ctx context.Context, db, oracle *sql.DB, alter string) error {
	var name string
	if err := db.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&name); err != nil {
		return err
	}
	from := m.quote(name) + "." + Table
	list, err := m.columns(ctx, db, true)
	if err != nil {
		return err
	}
	names := strings.Join(list, ", ")
	for _, q := range []string{"DROP TABLE IF EXISTS actual", "CREATE TABLE actual LIKE " + from,
		"INSERT INTO actual (" + names + ") SELECT " + names + " FROM " + from, "ALTER TABLE actual " + alter} {
		if _, err := oracle.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", cut(q), err)
		}
	}
	return nil
}

func (m mariadb) columns(ctx context.Context, db *sql.DB, plain bool) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT column_name, generation_expression FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position", Table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		var expr sql.NullString
		if err := rows.Scan(&name, &expr); err != nil {
			return nil, err
		}
		if !plain || expr.String == "" {
			out = append(out, m.quote(name))
		}
	}
	return out, rows.Err()
}

var nextNumber = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

func (mariadb) describe(ctx context.Context, db *sql.DB, helper string) (string, error) {
	var name, text string
	if err := db.QueryRowContext(ctx, "SHOW CREATE TABLE "+Table).Scan(&name, &text); err != nil {
		return "", err
	}
	text = nextNumber.ReplaceAllString(text, "")
	if helper != "" {
		text = regexp.MustCompile(",\\n  KEY `"+regexp.QuoteMeta(helper)+"` [^\\n,]*").ReplaceAllString(text, "")
	}
	return text, nil
}

// asBytes: a vector is no text to CONCAT.
func (m mariadb) asBytes(ctx context.Context, db *sql.DB, table string) (func(string) string, error) {
	rows, err := db.QueryContext(ctx, "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND data_type = 'vector'", table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	vector := map[string]bool{}
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		vector[m.quote(n)] = true
	}
	return func(n string) string {
		if vector[n] {
			return "HEX(CAST(" + n + " AS BINARY))"
		}
		return m.text(n)
	}, rows.Err()
}

func (mariadb) text(column string) string { return "HEX(CONCAT(" + column + ", ''))" }

func (mariadb) snapshots() bool { return false }
