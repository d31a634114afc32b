package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dberr"
)

// References implements dialect.Server.
func (s *server) References() gate.References { return references{s} }

// References implements dialect.Replica.
func (r *replica) References() gate.References {
	return references{&server{target: r.address, db: r.db}}
}

// references finds who uses a column.
//
// performance_schema counts statements by digest. When the table of digests is full, new kinds of statements are
// counted in one row without a text, and in Performance_schema_digest_lost when even that isn't there. A text is built of the tokens that fit into
// max_digest_length bytes and ends without any sign that it was cut; see mayBeCut.
type references struct{ s *server }

// Statements implements gate.References.
func (r references) Statements(ctx context.Context, cols []gate.Column) (gate.Statements, error) {
	out := gate.Statements{Source: "performance_schema"}
	if err := r.counts(ctx); err != nil {
		return out, err
	}
	limit, err := r.about(ctx, &out)
	if err != nil {
		return out, err
	}
	list, err := records(ctx, r.s.db, `SELECT DIGEST AS id, COALESCE(SCHEMA_NAME, '') AS db, DIGEST_TEXT AS text, COUNT_STAR AS calls
		FROM performance_schema.events_statements_summary_by_digest WHERE DIGEST IS NOT NULL`)
	if err != nil {
		return out, fmt.Errorf("read the digests of statements: %w", err)
	}
	for _, d := range list {
		if use := useOf(d["text"], d["db"], cols, mayBeCut(d["text"], limit)); use != gate.None {
			out.List = append(out.List, gate.Statement{ID: d["db"] + "/" + d["id"], Use: use, Calls: d.int("calls"), Text: d["text"]})
		}
	}
	return out, nil
}

// counts makes sure that statements are counted by digest.
func (r references) counts(ctx context.Context) error {
	if err := countsSessions(ctx, r.s.db); err != nil {
		return err
	}
	var on string
	err := r.s.db.QueryRowContext(ctx, "SELECT ENABLED FROM performance_schema.setup_consumers WHERE NAME = 'statements_digest'").Scan(&on)
	switch {
	case err != nil:
		return fmt.Errorf("ask whether statements are counted: %w", classify(err))
	case on != "YES":
		return dberr.Mark(dberr.NotThere, errors.New("performance_schema doesn't count statements by digest: its consumer statements_digest is off"))
	}
	return nil
}

// about reads what tells whether two readings can be compared, and the length of texts. TRUNCATE of the table shows by the
// moment of its first digest (MariaDB: the second).
func (r references) about(ctx context.Context, out *gate.Statements) (limit int64, err error) {
	var first sql.NullString
	var size int64
	err = r.s.db.QueryRowContext(ctx, `SELECT (SELECT MIN(FIRST_SEEN) FROM performance_schema.events_statements_summary_by_digest WHERE DIGEST IS NOT NULL),
		(SELECT COALESCE(SUM(COUNT_STAR), 0) FROM performance_schema.events_statements_summary_by_digest WHERE DIGEST IS NULL),
		@@performance_schema_digests_size, LEAST(@@max_digest_length, @@performance_schema_max_digest_length)`).Scan(&first, &out.Lost, &size, &limit)
	if err != nil {
		return 0, fmt.Errorf("ask performance_schema about itself: %w", classify(err))
	}
	if size == 0 {
		return 0, dberr.Mark(dberr.NotThere, errors.New("performance_schema_digests_size is 0: statements are not counted"))
	}
	out.Epoch = first.String
	list, err := records(ctx, r.s.db, "SHOW GLOBAL STATUS WHERE Variable_name IN ('Performance_schema_digest_lost', 'Uptime')")
	if err != nil {
		return 0, fmt.Errorf("ask performance_schema about itself: %w", err)
	}
	for _, v := range list {
		n, err := strconv.ParseInt(v["value"], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s is %q: %w", v["variable_name"], v["value"], err)
		}
		if strings.EqualFold(v["variable_name"], "uptime") {
			out.Uptime = time.Duration(n+1) * time.Second // whole seconds, rounded down
		} else {
			out.Lost += n
		}
	}
	return limit, nil
}

// longestToken is what one token takes of the limit at most: a name of 64 characters of four bytes.
const longestToken = 260

// mayBeCut reports whether a text can have lost its end: it is cut where the next token doesn't fit any more. A name takes its
// length and four bytes, any other token two. What is cut finer here than by the server only makes the sum larger.
func mayBeCut(text string, limit int64) bool {
	size := 0
	for _, t := range tokens(text) {
		switch {
		case strings.HasPrefix(t.text, "`"):
			size += len(t.text) + 2 // its quotes are not stored
		case strings.Contains(t.text, "@"):
			size += len(t.text) + 6
		default:
			size += 2
		}
	}
	return int64(size) > limit-longestToken
}

// useOf is the strongest use of any of the columns. A text that names no database means that of the session. Ours carry names
// that begin with _pm_.
func useOf(text, db string, cols []gate.Column, cut bool) gate.Use {
	use := gate.None
	list := textWords(text)
	if slices.ContainsFunc(list, func(w string) bool { return strings.HasPrefix(w, "_pm_") }) {
		return use
	}
	cut = cut && !slices.Contains(list, "information_schema") && !slices.Contains(list, "performance_schema") // the catalog is read, by us among others
	for _, c := range cols {
		here := strings.EqualFold(db, c.Table.Schema)
		if !here && db != "" && !mentions(tokens(text), c.Table.Schema) {
			continue
		}
		switch u := gate.UseOf(list, strings.ToLower(c.Table.Name), strings.ToLower(c.Name), cut); {
		case u == gate.Names:
			return u
		case u != gate.None:
			use = u
		}
	}
	return use
}

// textWords are the names and marks of a text. Columns are compared without case; a table whose name differs by
// case alone may be found in its place, which is no harm.
func textWords(text string) (out []string) {
	for _, t := range tokens(text) {
		if strings.HasPrefix(t.text, "'") || strings.HasPrefix(t.text, `"`) {
			out = append(out, "?")
			continue
		}
		out = append(out, strings.ToLower(strings.ReplaceAll(strings.Trim(t.text, "`"), "``", "`")))
	}
	return out
}

// Live implements gate.References. What a session has run shows in the counters; here is what it runs now, and what
// it has prepared, which it may run at any time.
func (r references) Live(ctx context.Context, cols []gate.Column, _ time.Time) (out []string, err error) {
	all, err := r.s.sessions(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the sessions: %w", err)
	}
	for _, x := range all {
		if useOf(x["info"], x["db"], cols, false) == gate.Names {
			out = append(out, fmt.Sprintf("session %s of %s, which runs it", x["id"], x["user"]))
		}
	}
	list, err := records(ctx, r.s.db, `SELECT COALESCE(t.PROCESSLIST_ID, 0) AS id, COALESCE(t.PROCESSLIST_USER, '') AS user, COALESCE(t.PROCESSLIST_DB, '') AS db, p.SQL_TEXT AS text
		FROM performance_schema.prepared_statements_instances p JOIN performance_schema.threads t ON t.THREAD_ID = p.OWNER_THREAD_ID`)
	if errors.Is(err, dberr.NotThere) {
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at prepared statements: %w", err)
	}
	for _, p := range list {
		if useOf(p["text"], p["db"], cols, false) == gate.Names {
			out = append(out, fmt.Sprintf("session %s of %s, which has it prepared", p["id"], p["user"]))
		}
	}
	return out, nil
}

// objectsSQL has the code in the server. A body that this account may not see has no text.
const objectsSQL = `SELECT 'routine' AS kind, ROUTINE_SCHEMA AS db, ROUTINE_NAME AS name, ROUTINE_DEFINITION AS body, '' AS owner, ROUTINE_BODY = 'SQL' AS code FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN ('sys', 'mysql', 'performance_schema', 'information_schema')
	UNION ALL SELECT 'event', EVENT_SCHEMA, EVENT_NAME, EVENT_DEFINITION, '', 1 FROM information_schema.EVENTS
	UNION ALL SELECT 'trigger', TRIGGER_SCHEMA, TRIGGER_NAME, ACTION_STATEMENT, EVENT_OBJECT_TABLE, 1 FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN ('sys', 'mysql')
	UNION ALL SELECT 'view', TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION, '', 1 FROM information_schema.VIEWS WHERE TABLE_SCHEMA NOT IN ('sys', 'mysql')`

// Objects implements gate.References.
func (r references) Objects(ctx context.Context, cols []gate.Column) (out []string, err error) {
	list, err := records(ctx, r.s.db, objectsSQL)
	if err != nil {
		return nil, fmt.Errorf("search views, routines, triggers and events: %w", err)
	}
	for _, o := range list {
		shown := fmt.Sprintf("%s %s.%s", o["kind"], o["db"], o["name"])
		for _, c := range cols {
			if o["kind"] == "trigger" && ours(o["name"]) {
				continue
			}
			if o["body"] == "" && o["code"] == "1" && strings.EqualFold(o["db"], c.Table.Schema) {
				return nil, dberr.Mark(dberr.Denied, fmt.Errorf("%s has a body that this account may not see: grant SHOW_ROUTINE or SELECT on mysql.proc, SHOW VIEW, EVENT and TRIGGER", shown))
			}
			body := tokens(o["body"])
			own := o["kind"] == "trigger" && strings.EqualFold(o["db"], c.Table.Schema) && strings.EqualFold(o["owner"], c.Table.Name)
			here := strings.EqualFold(o["db"], c.Table.Schema) || mentions(body, c.Table.Schema)
			if mentions(body, c.Name) && (own || here && mentions(body, c.Table.Name)) {
				out = append(out, shown)
			}
		}
	}
	return out, nil
}
