package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dberr"
)

// References implements dialect.Server, and dialect.Replica.
func (s *server) References() gate.References { return references{s} }

// references finds who uses a column.
//
// pg_stat_statements keeps whole texts, with the literals taken out, and counts for the time of its life. It
// evicts the statements that run least when it is full, which pg_stat_statements_info tells (from 14 on), and what runs inside of functions
// it counts only with track = all: the functions themselves are searched. Statements that other sessions have prepared can't
// be seen; they count when they run.
type references struct{ s *server }

// Statements implements gate.References.
func (r references) Statements(ctx context.Context, cols []gate.Column) (gate.Statements, error) {
	m, err := r.s.Latency(ctx) // finds the view, and whether it counts
	if err != nil {
		return gate.Statements{}, err
	}
	view := m.(*statements).view
	out := gate.Statements{Source: "pg_stat_statements"}
	var up float64
	err = r.s.db.QueryRowContext(ctx, "SELECT "+ours+"i.dealloc, i.stats_reset::text, extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_postmaster_start_time())::float8 FROM "+view+"_info AS i").
		Scan(&out.Lost, &out.Epoch, &up)
	if err = classify(err); errors.Is(err, dberr.NotThere) {
		err = dberr.Mark(dberr.NotThere, errors.New("this version of pg_stat_statements doesn't tell when it evicts or is reset"))
	}
	if err != nil {
		return out, fmt.Errorf("ask pg_stat_statements about itself: %w", err)
	}
	out.Uptime = time.Duration(up * float64(time.Second))
	for _, tables := range byTable(cols) {
		list, err := r.statements(ctx, view, tables)
		if err != nil {
			return out, err
		}
		out.List = append(out.List, list...)
	}
	return out, nil
}

// byTable groups columns, so that a text is read once a table.
func byTable(cols []gate.Column) (out [][]gate.Column) {
	at := map[string]int{}
	for _, c := range cols {
		i, ok := at[c.Table.String()]
		if !ok {
			i = len(out)
			at[c.Table.String()], out = i, append(out, nil)
		}
		out[i] = append(out[i], c)
	}
	return out
}

func (r references) statements(ctx context.Context, view string, cols []gate.Column) (out []gate.Statement, err error) {
	rows, err := r.s.db.QueryContext(ctx, "SELECT "+ours+"coalesce(x.queryid::text, '') || '/' || x.userid, min(x.query), sum(x.calls)::bigint FROM "+view+`(true) AS x
		JOIN pg_catalog.pg_database d ON d.oid = x.dbid WHERE d.datname = pg_catalog.current_database()
		AND (x.queryid IS NULL OR x.query IS NULL OR pg_catalog.strpos(pg_catalog.lower(x.query), pg_catalog.lower($1)) > 0) GROUP BY x.queryid, x.userid`, cols[0].Table.Name)
	if err != nil {
		return nil, fmt.Errorf("read pg_stat_statements: %w", classify(err))
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var text sql.NullString
		var calls int64
		if err := rows.Scan(&id, &text, &calls); err != nil {
			return nil, fmt.Errorf("read pg_stat_statements: %w", err)
		}
		if strings.HasPrefix(id, "/") || !text.Valid {
			return nil, dberr.Mark(dberr.Denied, errors.New("pg_read_all_stats is needed to see the statements of other users in pg_stat_statements"))
		}
		if use := useOf(text.String, cols); use != gate.None {
			out = append(out, gate.Statement{ID: cols[0].Table.Name + ":" + id, Use: use, Calls: calls, Text: text.String})
		}
	}
	return out, classify(rows.Err())
}

// useOf is the strongest use of any of the columns, which are of one table. Ours say so.
func useOf(text string, cols []gate.Column) gate.Use {
	if strings.Contains(text, strings.TrimSpace(ours)) {
		return gate.None
	}
	use := gate.None
	list := words(text)
	for _, c := range cols {
		switch u := gate.UseOf(list, c.Table.Name, c.Name, false); {
		case u == gate.Names:
			return u
		case u != gate.None:
			use = u
		}
	}
	return use
}

// words are the names and marks of a text, without comments and spaces.
func words(text string) (out []string) {
	for _, t := range tokens(text) {
		switch {
		case t.ident != "":
			out = append(out, t.ident)
		case strings.HasPrefix(t.text, "--"), strings.HasPrefix(t.text, "/*"), strings.TrimSpace(t.text) == "":
		default:
			out = append(out, t.text)
		}
	}
	return out
}

// Live implements gate.References.
func (r references) Live(ctx context.Context, cols []gate.Column, since time.Time) (out []string, err error) {
	rows, err := r.s.db.QueryContext(ctx, `SELECT a.pid::text, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.query, '') FROM pg_catalog.pg_stat_activity a
		WHERE a.datname = pg_catalog.current_database() AND a.usesysid IS NOT NULL AND a.application_name <> '`+applicationName+`'
		AND (a.state IS NULL OR a.state <> 'idle' AND a.state <> 'idle in transaction' OR a.query_start >= $1) ORDER BY a.pid`, since)
	if err != nil {
		return nil, fmt.Errorf("look at the sessions: %w", classify(err))
	}
	defer rows.Close()
	for rows.Next() {
		var pid, user, app, query string
		if err := rows.Scan(&pid, &user, &app, &query); err != nil {
			return nil, fmt.Errorf("look at the sessions: %w", err)
		}
		if query == "<insufficient privilege>" {
			return nil, dberr.Mark(dberr.Denied, errors.New("pg_read_all_stats is needed to see what sessions of other users run"))
		}
		for _, list := range byTable(cols) {
			if useOf(query, list) == gate.Names {
				out = append(out, fmt.Sprintf("session %s of %s (%s)", pid, user, app))
			}
		}
	}
	return out, classify(rows.Err())
}

// objectsSQL finds what depends on a column by the catalog's own knowledge: views, policies, triggers, functions with
// a parsed body. What carries our mark, and what is internal, is left out.
const objectsSQL = `SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, 0) FROM pg_catalog.pg_depend d
	JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
	JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND n.nspname = $1 AND c.relname = $2 AND a.attname = $3
	AND d.classid IN ('pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass, 'pg_catalog.pg_trigger'::pg_catalog.regclass)
	AND coalesce((SELECT x.description FROM pg_catalog.pg_description x WHERE x.objoid = d.objid AND x.classoid = d.classid AND x.objsubid = 0), '') NOT LIKE '%phasemig%'
	AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger g WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND g.oid = d.objid AND g.tgisinternal)
	AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_class v ON v.oid = w.ev_class JOIN pg_catalog.pg_namespace s ON s.oid = v.relnamespace
		WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid AND w.ev_type = '1' AND pg_catalog.format('%I.%I', s.nspname, v.relname) = ANY ($4::text[])) ORDER BY 1`

// functionsSQL has the texts of functions, which the catalog doesn't look into, and whether one is a trigger of the table.
const functionsSQL = `SELECT pg_catalog.pg_describe_object('pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0), p.prosrc,
	EXISTS (SELECT 1 FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid JOIN pg_catalog.pg_namespace t ON t.oid = c.relnamespace
		WHERE g.tgfoid = p.oid AND t.nspname = $1 AND c.relname = $2)
	FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
	WHERE l.lanname NOT IN ('c', 'internal') AND n.nspname NOT IN ('pg_catalog', 'information_schema', '` + stateSchema + `')
	AND coalesce(pg_catalog.obj_description(p.oid, 'pg_proc'), '') NOT LIKE '%phasemig%' AND pg_catalog.strpos(pg_catalog.lower(p.prosrc), pg_catalog.lower($3)) > 0 ORDER BY 1`

// Objects implements gate.References.
func (r references) Objects(ctx context.Context, cols []gate.Column) (out []string, err error) {
	for _, c := range cols {
		list, err := r.texts(ctx, objectsSQL, 1, c, c.Views)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			out = append(out, o[0])
		}
		if list, err = r.texts(ctx, functionsSQL, 3, c); err != nil {
			return nil, err
		}
		for _, o := range list {
			if namedIn(o[1], c, o[2] == "true") {
				out = append(out, o[0])
			}
		}
	}
	return out, nil
}

// namedIn reports whether a body names a column: of its own table a trigger names it alone.
func namedIn(body string, c gate.Column, own bool) bool {
	table, column := own, false
	for _, w := range words(body) {
		table, column = table || w == c.Table.Name, column || w == c.Name
	}
	return table && column
}

func (r references) texts(ctx context.Context, query string, width int, c gate.Column, more ...any) (out [][]string, err error) {
	rows, err := r.s.db.QueryContext(ctx, query, append([]any{c.Table.Schema, c.Table.Name, c.Name}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("search the catalog for %s: %w", c.Name, classify(err))
	}
	defer rows.Close()
	for rows.Next() {
		row := make([]string, width)
		into := make([]any, width)
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("search the catalog for %s: %w", c.Name, err)
		}
		out = append(out, row)
	}
	return out, classify(rows.Err())
}
