package lintset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// mysql proves cases on a MySQL or a MariaDB. DDL commits by itself there, so only a clock tells who waited, unless nothing was done
// that could take longer on a larger table.
type mysql struct{ server *throwaway.Server }

// webshop is the database of every case, so that migrations can name it.
const webshop = "webshop"

// sizes are small at first: to fill the tables takes most of the time, and what isn't clear then is asked again on larger ones.
func (mysql) sizes(bool) (small, large int) { return 2_000, 20_000 }

func (mysql) grows(p part) bool { return p.timed }

func (mysql) split(text string) []string { return split(text, true) }

func (m mysql) open(ctx context.Context, user string) (*mySession, error) {
	dsn := m.server.DSN(webshop)
	if user != "" {
		dsn = "mysql://" + user + "@" + m.server.Addr() + "/" + webshop
	}
	db, err := throwaway.Open(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &mySession{db, conn}, nil
}

// accounts outlive a database, with their rights on it; a case begins with none.
var mysqlAccounts = []string{
	"DROP USER IF EXISTS 'webapp'@'%'", "DROP USER IF EXISTS 'reporting'@'%'",
	"CREATE USER 'webapp'@'%'", "CREATE USER 'reporting'@'%'",
}

func (m mysql) empty(ctx context.Context, role string) (*stage, error) {
	if err := m.server.DropDatabase(ctx, webshop); err != nil {
		return nil, err
	}
	if err := m.server.CreateDatabase(ctx, webshop); err != nil {
		return nil, err
	}
	out := &stage{drop: m.drop}
	owner, err := m.open(ctx, "")
	if err != nil {
		return nil, err
	}
	out.owner = owner
	if err := script(ctx, owner, mysqlAccounts...); err != nil {
		return nil, err
	}
	if role != "" { // without any right on the database it could not be opened
		if err := script(ctx, owner, "GRANT SHOW VIEW ON "+webshop+".* TO '"+role+"'@'%'"); err != nil {
			return nil, err
		}
	}
	for _, into := range []*session{&out.client, &out.reader, &out.writer} {
		s, err := m.open(ctx, role)
		if err != nil {
			return nil, err
		}
		*into = s
	}
	return out, nil
}

func (m mysql) drop(ctx context.Context) error {
	db, err := throwaway.Open(m.server.DSN(""))
	if err != nil {
		return err
	}
	defer db.Close()
	for _, sql := range mysqlAccounts[:2] {
		if _, err := db.ExecContext(ctx, sql); err != nil {
			return err
		}
	}
	return m.server.DropDatabase(ctx, webshop)
}

// fill makes no log for replicas, checks no foreign keys, and leaves a table that a trigger has filled.
func (m mysql) fill(ctx context.Context, s session, list []relation, n int) error {
	limit := "cte_max_recursion_depth"
	if m.server.Kind() == throwaway.MariaDB {
		limit = "max_recursive_iterations"
	}
	begin := []string{"SET SESSION sql_log_bin = 0, foreign_key_checks = 0, unique_checks = 0, " + limit + " = 10000000"}
	if err := script(ctx, s, begin...); err != nil {
		return err
	}
	series := fmt.Sprintf("(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) SELECT i FROM c) g", n)
	for _, r := range list {
		if r.view {
			continue
		}
		rows, err := s.exec(ctx, "SELECT EXISTS (SELECT 1 FROM "+r.name+")")
		if err != nil {
			return err
		}
		if rows[0][0] != "0" {
			continue
		}
		if err := script(ctx, s, r.fill("", series)); err != nil {
			return err
		}
	}
	return script(ctx, s, "SET SESSION sql_log_bin = 1, foreign_key_checks = 1, unique_checks = 1, "+limit+" = 1000")
}

// values are the expressions themselves: they are made of untyped literals.
func (mysql) values(_ context.Context, _ session, r relation) values {
	return func(row int) ([]string, error) {
		var list []string
		for _, c := range r.columns {
			list = append(list, at(c.expr, strconv.Itoa(row)))
		}
		return list, nil
	}
}

// run watches each statement.
func (m mysql) run(ctx context.Context, s *scene, statements []string) ([]part, error) {
	w := watch(ctx, s.watched())
	var parts []part
	var begins, ends []time.Time
	var err error
	for _, sql := range statements {
		var before, now structure
		quick := definition.MatchString(sql) && !moving.MatchString(sql)
		if quick {
			if before, err = m.structure(ctx, s.owner); err != nil {
				break
			}
		}
		begins = append(begins, time.Now())
		_, err = s.owner.exec(ctx, sql)
		ends = append(ends, time.Now())
		if err == nil && quick {
			now, err = m.structure(ctx, s.owner)
		}
		still := quick && now.still(before)
		parts = append(parts, part{sql: sql, timed: !still, built: quick && !still})
		if err != nil {
			break
		}
	}
	// A migration's session ends with it, and so do its locks. A watcher may be waiting for one.
	err = errors.Join(err, script(ctx, s.owner, "ROLLBACK", "UNLOCK TABLES"))
	w.stop()
	for i := range parts {
		parts[i].wait = w.between(begins[i], ends[i])
	}
	return parts, err
}

type mySession struct {
	db   *sql.DB
	conn *sql.Conn
}

func (s *mySession) close() {
	_ = s.conn.Close() // its database is dropped
	_ = s.db.Close()
}

func (s *mySession) exec(ctx context.Context, text string) ([][]string, error) {
	rows, err := s.conn.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, into := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	var out [][]string
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = v.String
		}
		out = append(out, row)
	}
	return out, rows.Err()
}
