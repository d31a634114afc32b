package dialecttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// references: who uses a column is found by what the server counts, by sessions, and in the catalog; and our own
// statements and triggers are not among them.
func (h *harness) references(t *testing.T) {
	_, b := h.alone(t, throwaway.Options{})
	if h.kind.IsPostgres() {
		if _, err := b.db.Server.References().Statements(t.Context(), nil); err == nil {
			t.Error("statements are counted without the extension")
		}
		b.exec("CREATE EXTENSION pg_stat_statements")
	}
	b.exec("CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80), age int)", "CREATE TABLE other (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users (id, full_name) VALUES (1, 'a')")
	p := b.plan("name: r\nreplicas: none\noperations:\n  - rename_column: {table: users, from: full_name, to: display_name}\n")
	l := b.lease(p)
	b.do(p, l, plans.Backfill)
	cols := []gate.Column{{Table: p.Syncs[0].Table, Name: "full_name"}}
	r := b.db.Server.References()
	w := &witness{b, r, cols, nil}
	w.read()
	b.agree(p, l) // ours
	b.exec("SELECT age FROM users", "SELECT full_name FROM other", "SELECT count(*) FROM users", "UPDATE users SET age = 3", "SELECT 'full_name' FROM users")
	w.used()
	b.exec("SELECT full_name FROM users WHERE id = 1", "SELECT id, Full_Name FROM users u WHERE u.id = 1", "SELECT * FROM users", "INSERT INTO users (id, full_name) VALUES (2, 'b')")
	w.used(gate.All, gate.Names, gate.Names, gate.Names)
	w.named("", nil)
	h.objects(w)
	h.live(w)
	h.doubts(w)
}

// witness reads the counters again and again.
type witness struct {
	*bench
	r    gate.References
	cols []gate.Column
	last map[string]int64
}

func (w *witness) read() (now gate.Statements, ran []gate.Statement) {
	w.Helper()
	now, err := w.r.Statements(w.Context(), w.cols)
	if err != nil {
		w.Fatal(err)
	}
	calls := map[string]int64{}
	for _, s := range now.List {
		if calls[s.ID] = s.Calls; s.Calls > w.last[s.ID] {
			ran = append(ran, s)
		}
	}
	w.last = calls
	return now, ran
}

func (w *witness) used(want ...gate.Use) {
	w.Helper()
	_, ran := w.read()
	var got []gate.Use
	for _, s := range ran {
		got = append(got, s.Use)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.Errorf("statements %+v, want the uses %v", ran, want)
	}
}

// named looks for one object or session whose text holds a word; "" wants none.
func (w *witness) named(word string, list []string) {
	w.Helper()
	for _, l := range list {
		if word != "" && strings.Contains(l, word) {
			return
		}
	}
	if word != "" || len(list) > 0 {
		w.Errorf("named by %q, want one with %q", list, word)
	}
}

// objects: code in the server, and none of ours.
func (h *harness) objects(w *witness) {
	find := func() []string {
		w.Helper()
		list, err := w.r.Objects(w.Context(), w.cols)
		if err != nil {
			w.Fatal(err)
		}
		return list
	}
	w.named("", find()) // our triggers stand
	w.exec("CREATE VIEW people AS SELECT id, full_name FROM users", "CREATE VIEW ages AS SELECT id, age FROM users")
	w.named("people", find())
	if n := len(find()); n != 1 {
		w.Errorf("%q name the column", find())
	}
	w.exec("DROP VIEW people")
	if h.kind.IsPostgres() {
		w.exec("CREATE FUNCTION greet() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT full_name FROM users LIMIT 1); END $$")
		w.named("greet", find())
		w.exec("DROP FUNCTION greet()", "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', NEW.full_name; RETURN NULL; END $$",
			"CREATE TRIGGER a_audit AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION audit()")
		w.named("audit", find())
		w.exec("DROP TRIGGER a_audit ON users", "DROP FUNCTION audit()")
	} else {
		w.exec("CREATE PROCEDURE greet() SELECT full_name FROM users")
		w.named("greet", find())
		w.exec("DROP PROCEDURE greet", "CREATE TABLE seen (a varchar(80))", "CREATE TRIGGER audit AFTER INSERT ON users FOR EACH ROW INSERT INTO seen VALUES (NEW.full_name)")
		w.named("audit", find())
		w.exec("DROP TRIGGER audit")
	}
	w.named("", find())
	w.read()
}

// live: what a session runs now, or has prepared where the server shows it.
func (h *harness) live(w *witness) {
	find := func() []string {
		w.Helper()
		list, err := w.r.Live(w.Context(), w.cols, time.Now())
		if err != nil {
			w.Fatal(err)
		}
		return list
	}
	w.named("", find())
	db := dbtest.DB(w.T, w.dsn)
	if !h.kind.IsPostgres() {
		st, err := db.PrepareContext(w.Context(), "SELECT full_name FROM users WHERE id = ?")
		if err != nil {
			w.Fatal(err)
		}
		until(w.T, "a prepared statement", func() bool { return strings.Contains(strings.Join(find(), " "), "prepared") })
		if err := st.Close(); err != nil {
			w.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(w.Context())
	var g errgroup.Group
	g.Go(func() error {
		_, err := db.ExecContext(ctx, h.on("SELECT full_name, SLEEP(30) FROM users", "SELECT full_name, pg_sleep(30) FROM users"))
		return err
	})
	until(w.T, "a statement that runs", func() bool { return strings.Contains(strings.Join(find(), " "), h.on("runs it", "session")) })
	stop()
	if err := g.Wait(); !errors.Is(err, context.Canceled) && !strings.Contains(fmt.Sprint(err), "cancel") {
		w.Errorf("a statement that was ended by its client: %v", err)
	}
}

// until waits for what another session does to be seen.
func until(t *testing.T, what string, seen func() bool) {
	t.Helper()
	for begin := time.Now(); !seen(); {
		if time.Since(begin) > 20*time.Second {
			t.Errorf("%s is not seen", what)
			return
		}
		<-time.After(20 * time.Millisecond)
	}
}

// doubts: a reset shows, and so does a table of digests that is full (trap 30) or evicts.
func (h *harness) doubts(w *witness) {
	if !h.kind.IsPostgres() { // MariaDB keeps whole seconds
		until(w.T, "the next second", func() bool {
			return w.rows("SELECT NOW() > MIN(FIRST_SEEN) + INTERVAL 1 SECOND FROM performance_schema.events_statements_summary_by_digest")[0] == "1"
		})
	}
	before, _ := w.read()
	w.exec(h.on("TRUNCATE TABLE performance_schema.events_statements_summary_by_digest", "SELECT pg_stat_statements_reset()"))
	now, _ := w.read()
	if now.Epoch == before.Epoch {
		w.Errorf("counters that were reset have the same epoch %q", now.Epoch)
	}
	if now.Uptime <= 0 || now.Uptime > time.Hour {
		w.Errorf("the server is up for %s", now.Uptime)
	}
	small := throwaway.Options{Settings: []string{"performance-schema-digests-size=200"}}
	if h.kind.IsPostgres() {
		small.Settings = []string{"pg_stat_statements.max=100"}
	}
	_, b := h.alone(w.T, small)
	b.exec("CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))")
	if h.kind.IsPostgres() {
		b.exec("CREATE EXTENSION pg_stat_statements")
	}
	full := &witness{b, b.db.Server.References(), []gate.Column{{Table: b.table(schema.Ident{Name: "users"}).Ident, Name: "full_name"}}, nil}
	before, _ = full.read()
	var many []string
	for i := range 300 {
		many = append(many, h.on("SELECT 1 AS a"+strings.Repeat("x", i%50)+strings.Repeat("y", i/50), "SELECT 1"+strings.Repeat(", 1", i)))
	}
	b.exec(many...)
	b.exec("SELECT full_name FROM users")
	if now, _ = full.read(); now.Lost <= before.Lost {
		w.Errorf("300 kinds of statements, where fewer are kept, and none is lost: %+v", now)
	}
}
