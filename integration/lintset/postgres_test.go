package lintset

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// postgres proves cases on a PostgreSQL.
type postgres struct{ server *throwaway.Server }

// sizes: locks and counters tell at any size, so the tables are small where a statement can run in a transaction.
func (postgres) sizes(timed bool) (small, large int) {
	if timed {
		return 20_000, 200_000
	}
	return 2_000, 20_000
}

func (postgres) grows(p part) bool { return p.timed || p.blocked != "" }

func (postgres) split(text string) []string { return split(text, false) }

// roles and the tablespace are the server's, not the database's. The files of cases may name them.
var (
	postgresSetup = []string{
		"DROP ROLE IF EXISTS webapp", "DROP ROLE IF EXISTS reporting", "CREATE ROLE webapp", "CREATE ROLE reporting",
		"SET allow_in_place_tablespaces = on", "DROP TABLESPACE IF EXISTS fastdisk", "CREATE TABLESPACE fastdisk LOCATION ''",
	}
	postgresTeardown = []string{"DROP ROLE webapp", "DROP ROLE reporting", "DROP TABLESPACE fastdisk"}
)

// around runs statements outside of any case's database.
func (p postgres) around(ctx context.Context, statements []string) error {
	s, err := p.open(ctx, "postgres", "")
	if err != nil {
		return err
	}
	defer s.close()
	return script(ctx, s, statements...)
}

func (p postgres) open(ctx context.Context, database, role string) (*pgSession, error) {
	conn, err := pgx.Connect(ctx, p.server.DSN(database))
	if err != nil {
		return nil, err
	}
	s := &pgSession{conn}
	settings := []string{"SET max_parallel_maintenance_workers = 0", "SET max_parallel_workers_per_gather = 0"}
	if role != "" {
		settings = append(settings, "SET ROLE "+role)
	}
	return s, script(ctx, s, settings...)
}

func (p postgres) empty(ctx context.Context, role string) (*stage, error) {
	name := "lintset_" + strings.ToLower(rand.Text()[:10])
	// Copying the files is quicker than logging them, and a case needs two databases.
	if err := p.around(ctx, []string{"CREATE DATABASE " + name + " STRATEGY file_copy"}); err != nil {
		return nil, err
	}
	out := &stage{drop: func(ctx context.Context) error { return p.server.DropDatabase(ctx, name) }}
	for into, who := range map[*session]string{&out.owner: "", &out.client: role, &out.reader: role, &out.writer: role} {
		s, err := p.open(ctx, name, who)
		if err != nil {
			return nil, err
		}
		*into = s
	}
	return out, nil
}

// fill keeps triggers and foreign keys off, so that the tables may come in any order.
func (p postgres) fill(ctx context.Context, s session, list []relation, n int) error {
	statements := []string{"SET session_replication_role = replica"}
	for _, r := range list {
		if !r.view {
			statements = append(statements, r.fill("OVERRIDING SYSTEM VALUE", fmt.Sprintf("generate_series(1, %d) AS g(i)", n)))
		}
	}
	statements = append(statements, "RESET session_replication_role", "ANALYZE",
		fmt.Sprintf("SELECT setval(oid::regclass, %d) FROM pg_class WHERE relkind = 'S'", n+1000))
	if err := script(ctx, s, statements...); err != nil {
		return err
	}
	views, err := s.exec(ctx, "SELECT oid::regclass FROM pg_class WHERE relkind = 'm'")
	for _, view := range views {
		err = errors.Join(err, script(ctx, s, "REFRESH MATERIALIZED VIEW "+view[0]))
	}
	return err
}

// values asks the server for each row; what isn't a number is quoted, as a client would send it.
func (p postgres) values(ctx context.Context, s session, r relation) values {
	var list []string
	for _, c := range r.columns {
		literal := "quote_nullable((" + c.expr + ")::text)"
		if c.number {
			literal = "coalesce((" + c.expr + ")::text, 'NULL')"
		}
		list = append(list, literal)
	}
	return func(row int) ([]string, error) {
		rows, err := s.exec(ctx, fmt.Sprintf("SELECT %s FROM (SELECT %d AS i) g", strings.Join(list, ", "), row))
		if err != nil {
			return nil, err
		}
		return rows[0], nil
	}
}

// pgSession speaks the simple protocol: each statement as it is written, nothing prepared.
type pgSession struct{ conn *pgx.Conn }

func (s *pgSession) exec(ctx context.Context, sql string) ([][]string, error) {
	results, err := s.conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 {
		return nil, err
	}
	var rows [][]string
	for _, row := range results[len(results)-1].Rows {
		text := make([]string, len(row))
		for i, v := range row {
			text[i] = string(v)
		}
		rows = append(rows, text)
	}
	return rows, nil
}

func (s *pgSession) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = s.conn.Close(ctx) // its database is dropped by force
}

func (s *pgSession) inTransaction() bool { return s.conn.PgConn().TxStatus() != 'I' }

// alone are statements that must be sent as they stand: a transaction around them would change what they do.
var alone = regexp.MustCompile(`(?i)^(\s|--[^\n]*\n|/\*.*?\*/)*(begin|start|commit|end|rollback|abort|lock|savepoint|release|prepare|set|reset)\b`)

// run sends each statement. One that stands alone gets a transaction, so that what it holds and what it did can be looked at before it
// ends; one that refuses this is watched by waiting sessions.
func (p postgres) run(ctx context.Context, s *scene, statements []string) ([]part, error) {
	owner := s.owner.(*pgSession)
	var parts []part
	for _, sql := range statements {
		var one part
		var err error
		if owner.inTransaction() || alone.MatchString(sql) {
			one, err = p.observe(ctx, s, sql)
		} else {
			one, err = p.enclose(ctx, s, sql)
		}
		if err != nil {
			return parts, err
		}
		parts = append(parts, one)
	}
	if owner.inTransaction() { // a session that ends without a COMMIT
		return parts, script(ctx, owner, "ROLLBACK")
	}
	return parts, nil
}

// enclose puts a transaction around a statement.
func (p postgres) enclose(ctx context.Context, s *scene, sql string) (part, error) {
	if _, err := s.owner.exec(ctx, "BEGIN"); err != nil {
		return part{}, err
	}
	one, err := p.observe(ctx, s, sql)
	if err == nil {
		_, err = s.owner.exec(ctx, "COMMIT")
		return one, err
	}
	if _, back := s.owner.exec(ctx, "ROLLBACK"); back != nil {
		return part{}, joined(err, back)
	}
	// active_sql_transaction; invalid_transaction_termination, of a procedure that commits
	if code := sqlState(err); code != "25001" && code != "2D000" {
		return part{}, err
	}
	return timed(ctx, s, sql)
}

// timed runs a statement beside sessions that read and write.
func timed(ctx context.Context, s *scene, sql string) (part, error) {
	w := watch(ctx, s.watched())
	begin := time.Now()
	_, err := s.owner.exec(ctx, sql)
	end := time.Now()
	w.stop()
	return part{sql: sql, timed: true, wait: w.between(begin, end)}, err
}

func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// observe runs a statement and, if a transaction is open afterwards, looks at what it did.
func (p postgres) observe(ctx context.Context, s *scene, sql string) (part, error) {
	owner := s.owner.(*pgSession)
	var before measure
	var err error
	if owner.inTransaction() {
		if before, err = measured(ctx, owner); err != nil {
			return part{}, err
		}
	}
	if _, err := owner.exec(ctx, sql); err != nil {
		return part{}, err
	}
	one := part{sql: sql}
	if !owner.inTransaction() || before.files == nil {
		return one, nil
	}
	after, err := measured(ctx, owner)
	if err != nil {
		return part{}, err
	}
	one.work, one.bytes = after.rows-before.rows, after.newBytes(before)
	one.blocked, err = p.waiting(ctx, s)
	return one, err
}

// waiting names a statement of the client that waits for a lock.
func (p postgres) waiting(ctx context.Context, s *scene) (string, error) {
	if _, err := s.client.exec(ctx, "SET lock_timeout = '30ms'"); err != nil {
		return "", err
	}
	blocked := ""
	for _, d := range s.firsts() {
		if sqlState(try(ctx, s.client, d.sql)) == "55P03" { // lock_not_available
			blocked = d.what
			break
		}
	}
	_, err := s.client.exec(ctx, "SET lock_timeout = 0")
	return blocked, err
}

// measure is the work of a transaction so far: rows of tables read and written, and the files that tables and indexes are in.
type measure struct {
	rows  int64
	files map[string]file
}

type file struct {
	node string
	size int64
}

func measured(ctx context.Context, s session) (measure, error) {
	rows, err := s.exec(ctx, `SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0) + n_tup_ins + n_tup_upd + n_tup_del), 0)
		FROM pg_stat_xact_user_tables`)
	if err != nil {
		return measure{}, fmt.Errorf("read the counters: %w", err)
	}
	m := measure{files: map[string]file{}}
	if m.rows, err = strconv.ParseInt(rows[0][0], 10, 64); err != nil {
		return measure{}, err
	}
	rows, err = s.exec(ctx, `SELECT oid, relfilenode, pg_relation_size(oid) FROM pg_class
		WHERE relkind IN ('r', 'm', 'i', 't') AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`)
	if err != nil {
		return measure{}, fmt.Errorf("read the files: %w", err)
	}
	for _, row := range rows {
		size, err := strconv.ParseInt(row[2], 10, 64)
		if err != nil {
			return measure{}, err
		}
		m.files[row[0]] = file{row[1], size}
	}
	return m, nil
}

// newBytes is the size of the files that what was there before is in now.
func (m measure) newBytes(before measure) int64 {
	var sum int64
	for oid, was := range before.files {
		if is, ok := m.files[oid]; ok && is.node != was.node {
			sum += is.size
		}
	}
	return sum
}
