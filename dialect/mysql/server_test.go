package mysql

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/faultnet"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

func TestOpenErrors(t *testing.T) {
	for dsn, want := range map[string]error{
		"postgres://x@y/z":                    nil,
		"mysql://root@127.0.0.1:3306":         nil,
		"mysql://127.0.0.1:3306/db":           nil,
		"mysql://root@127.0.0.1/db?nope=1":    nil,
		"mysql://root:secret%@h/db":           nil,
		"mysql://root@127.0.0.1:1/db":         dberr.Unreachable,
		"mysql://root:pw@nowhere.invalid/db":  dberr.Unreachable,
		"mysql://root@127.0.0.1:1/db?tls=odd": nil,
	} {
		_, err := Open(t.Context(), dsn)
		var input *plans.InputError
		if want != nil && !errors.Is(err, want) || want == nil && !errors.As(err, &input) {
			t.Errorf("%s: %v", dsn, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") || err != nil && strings.Contains(err.Error(), ":pw@") {
			t.Errorf("the password is told: %v", err)
		}
	}
	each(t, func(t *testing.T, h *home) {
		for _, dsn := range []string{strings.Replace(h.dsn, "root@", "nobody:x@", 1), h.dsn + "_not_there"} {
			if _, err := Open(t.Context(), dsn); !errors.Is(err, dberr.BadLogin) {
				t.Errorf("%s: %v", dsn, err)
			}
		}
		if h.d.Name != string(h.kind) {
			t.Errorf("name %q", h.d.Name)
		}
	})
}

func TestProxyIsSeen(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		p := dbtest.NewProxy(t, dbtest.Server(t, h.kind).Addr())
		h.exec("CREATE TABLE t (id INT PRIMARY KEY, a INT)")
		h.d = h.open(p.DSN(h.dsn))
		if _, err := h.plan(rename("t", "a", "b")); err != nil {
			t.Errorf("a transparent proxy is refused: %v", err)
		}
		p.RewriteMySQLThreadID(true)
		h.refused(rename("t", "a", "b"), "proxy")
	})
}

func TestHolders(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE t (id INT PRIMARY KEY, a INT)", "INSERT INTO t VALUES (1, 1)")
		id := schema.Ident{Name: "t"}
		conn, err := h.db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var session string
		for _, q := range []string{"BEGIN", "UPDATE t SET a = 2 -- 😀"} {
			if _, err := conn.ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&session); err != nil {
			t.Fatal(err)
		}
		if alive, err := h.d.Server.SessionAlive(t.Context(), session); err != nil || !alive {
			t.Errorf("alive: %t %v", alive, err)
		}
		p := h.mustPlan(rename("t", "a", "b"))
		add := p.Phase(plans.Expand).Steps[0]
		env := h.env()
		env.LockWait = time.Second
		if err := h.d.Steps.Do(t.Context(), p, add, env); !errors.Is(err, dberr.LockTimeout) {
			t.Errorf("DDL against an open transaction: %v", err)
		}
		list, err := h.d.Server.Holders(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		var mine dialect.Holder
		for _, x := range list {
			if x.Session == session {
				mine = x
			}
		}
		if mine.Kind != "transaction" {
			t.Fatalf("holders: %v", list)
		}
		advice, err := h.d.Server.Preflight(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(advice)
		for _, kind := range []string{"backup", "ddl", "replica", "prepared"} {
			other := mine
			other.Kind = kind
			if err := h.d.Server.Kill(t.Context(), other); !isRefused(err) {
				t.Errorf("killing a %s: %v", kind, err)
			}
		}
		if err := h.d.Server.Kill(t.Context(), mine); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		h.eventually("the session ends", func() bool {
			alive, err := h.d.Server.SessionAlive(t.Context(), session)
			return err == nil && !alive
		})
		h.step(p, add)
		h.preparedHolder(id)
	})
}

// preparedHolder: an XA branch whose session is gone is named by its id.
func (h *home) preparedHolder(id schema.Ident) {
	h.t.Helper()
	conn, err := h.db.Conn(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	xa := "'pm_" + strings.ToLower(rand.Text()[:8]) + "'"
	for _, q := range []string{"XA START " + xa, "UPDATE t SET a = 3", "XA END " + xa, "XA PREPARE " + xa} {
		if _, err := conn.ExecContext(h.t.Context(), q); err != nil {
			h.t.Fatal(err)
		}
	}
	discard(conn)
	h.t.Cleanup(func() { _, _ = h.db.ExecContext(context.WithoutCancel(h.t.Context()), "XA ROLLBACK "+xa) })
	found := func() bool {
		list, err := h.d.Server.Holders(h.t.Context(), id)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, x := range list {
			if x.Kind == "prepared" && (strings.Contains(x.Query, fmt.Sprintf("%X", strings.Trim(xa, "'"))) || strings.Contains(x.Query, xa)) {
				return true
			}
		}
		return false
	}
	h.eventually("the prepared branch is listed", found)
}

// eventually asks until the answer is yes: for what the server does by itself.
func (h *home) eventually(what string, ask func() bool) {
	h.t.Helper()
	limit := time.Now().Add(20 * time.Second)
	for !ask() {
		if time.Now().After(limit) {
			h.t.Fatalf("%s: not within 20 s", what)
		}
		time.Sleep(200 * time.Millisecond) // innodb_trx shows the same for as long as it is asked more often than ten times a second
	}
}

// account makes an account with exactly these grants and opens the target with it.
func (h *home) account(grants ...string) (*dialect.Database, string) {
	h.t.Helper()
	name := "pm_" + strings.ToLower(rand.Text()[:10])
	user := "'" + name + "'@'%'"
	h.exec("CREATE USER " + user + " IDENTIFIED BY 'pw'")
	h.t.Cleanup(func() { _, _ = h.db.ExecContext(context.WithoutCancel(h.t.Context()), "DROP USER "+user) })
	for _, g := range grants {
		h.exec(strings.ReplaceAll(g, "USER", user))
	}
	d, err := Open(h.t.Context(), strings.Replace(h.dsn, "root@", name+":pw@", 1))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = d.Close() })
	return d, user
}

// TestDoctor takes each right away and lets the doctor's own statements bring it
// back, until it is content and the whole change runs.
// keepTrust gives the shared server its setting back, which advice may ask to change.
func (h *home) keepTrust() {
	trust := h.rows("SELECT @@global.log_bin_trust_function_creators")[0]
	h.t.Cleanup(func() {
		_, _ = h.db.ExecContext(context.WithoutCancel(h.t.Context()), "SET GLOBAL log_bin_trust_function_creators = "+trust)
	})
}

func TestDoctor(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY (a))", "INSERT INTO t VALUES (1, 1)")
		db := strings.TrimPrefix(h.dsn[strings.LastIndex(h.dsn, "/"):], "/")
		d, user := h.account("GRANT SELECT ON `" + strings.ReplaceAll(db, "_", `\_`) + "`.* TO USER")
		tables := []schema.Ident{{Schema: db, Name: "t"}}
		h.keepTrust()
		h.exec("SET GLOBAL log_bin_trust_function_creators = 0")
		fatal := 0
		for round := 0; round < 3; round++ {
			list, err := d.Server.Doctor(t.Context(), tables)
			if err != nil {
				t.Fatal(err)
			}
			fatal = 0
			for _, a := range list {
				if a.OK {
					continue
				}
				t.Logf("round %d: %+v", round, a)
				fatal++
				h.exec(a.Fix)
			}
			d.Close()
			if d, err = Open(t.Context(), strings.Replace(h.dsn, "root@", strings.Trim(strings.Split(user, "@")[0], "'")+":pw@", 1)); err != nil {
				t.Fatal(err)
			}
			if fatal == 0 {
				break
			}
		}
		if fatal > 0 {
			t.Fatal("the doctor isn't content with what it asked for")
		}
		h.d = d
		p := h.mustPlan(rename("t", "a", "b"))
		advice, err := d.Server.Preflight(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range advice {
			if !a.OK {
				t.Errorf("preflight: %+v", a)
			}
		}
		for _, ph := range plans.PhaseNames() {
			h.phase(p, ph)
		}
		if err := d.Store.Release(t.Context(), h.lease); err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestReplica(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.MariaDB} {
		t.Run(string(k), func(t *testing.T) {
			primary := dbtest.Start(t, k, throwaway.Options{})
			second := dbtest.Start(t, k, throwaway.Options{ReplicaOf: primary})
			stranger := dbtest.Server(t, k)
			dsn := dbtest.DatabaseOn(t, primary)
			d, err := Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if _, err := d.Server.Info(t.Context()); err != nil {
				t.Fatal(err)
			}
			dbtest.Exec(t, dsn, "CREATE TABLE t (a INT)")
			pos, err := d.Server.Position(t.Context())
			if err != nil || pos == "" {
				t.Fatalf("position %q: %v", pos, err)
			}
			if err := primary.CatchUp(t.Context(), second); err != nil {
				t.Fatal(err)
			}
			r, err := d.Replica(t.Context(), second.DSN("mysql"))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if ok, said, err := r.Reached(t.Context(), pos); err != nil || !ok {
				t.Errorf("reached %s: %t %s %v", pos, ok, said, err)
			}
			if lag, err := r.Lag(t.Context()); err != nil || lag > 10*time.Second {
				t.Errorf("lag %s %v", lag, err)
			}
			if ro, err := Open(t.Context(), strings.Replace(second.DSN(""), "?", "", 1)+"mysql"); err == nil {
				f, err := ro.Reader.Facts(t.Context(), plans.Change{})
				if err != nil || len(f.Problems) == 0 || !strings.Contains(f.Problems[0], "read-only") {
					t.Errorf("a read-only target: %v %v", f.Problems, err)
				}
				ro.Close()
			} else {
				t.Error(err)
			}
			stop := "STOP REPLICA SQL_THREAD"
			if k == throwaway.MariaDB {
				stop = "STOP SLAVE SQL_THREAD"
			}
			dbtest.Exec(t, second.DSN("mysql"), stop)
			dbtest.Exec(t, dsn, "INSERT INTO t VALUES (1)")
			if pos, err = d.Server.Position(t.Context()); err != nil {
				t.Fatal(err)
			}
			if ok, said, err := r.Reached(t.Context(), pos); err != nil || ok {
				t.Errorf("a stopped replica reached %s: %t %s %v", pos, ok, said, err)
			}
			if lag, err := r.Lag(t.Context()); err == nil {
				t.Errorf("a stopped replica has lag %s", lag)
			}
			other, err := d.Replica(t.Context(), stranger.DSN("mysql"))
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			if _, _, err := other.Reached(t.Context(), pos); err == nil {
				t.Error("a stranger passes for a replica")
			}
		})
	}
}

func TestLoadAndArtifacts(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec(peopleDDL, "INSERT INTO people (id, full_name) VALUES (1, 'Ada')")
		signals, err := h.d.Watch.Load(t.Context(), schema.Ident{Name: "people"})
		if err != nil || len(signals) < 4 {
			t.Errorf("load: %v %v", signals, err)
		}
		t.Log(signals)
		p := h.mustPlan(rename("people", "full_name", "display_name"))
		h.phase(p, plans.Expand)
		mine := func() (out []dialect.Artifact) {
			list, err := h.d.Server.Artifacts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range list {
				if a.Run == p.ID && a.Table == p.Syncs[0].Table {
					out = append(out, a)
				}
			}
			return out
		}
		if got := mine(); len(got) != 3 {
			t.Errorf("artifacts of expand: %+v", got)
		}
		h.step(p, p.Phase(plans.Contract).Steps[0])
		if got := mine(); len(got) != 4 {
			t.Errorf("artifacts of contract: %+v", got)
		}
		for range 2 {
			if err := h.d.Server.Remove(t.Context(), mine()); err != nil {
				t.Fatal(err)
			}
		}
		h.exec("INSERT INTO people (display_name) VALUES ('x')")
		h.want("SELECT * FROM people", "1|Ada|NULL", "2|x|NULL")
	})
}

// TestFence: a runner whose lease is gone changes nothing.
func TestFence(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec(peopleDDL, "INSERT INTO people (id, full_name) VALUES (1, 'Ada')")
		p := h.mustPlan(rename("people", "full_name", "display_name"))
		var fill plans.Step
		for _, st := range p.Phase(plans.Expand).Steps {
			if st.Kind == plans.Backfill {
				fill = st
				break
			}
			h.step(p, st)
		}
		seg := state.Segment{Run: p.ID, Step: fill.ID, Pass: 1}
		if err := h.d.Store.PutSegment(t.Context(), h.lease, seg); err != nil {
			t.Fatal(err)
		}
		c := h.columns(p, 0)
		old := h.lease
		if err := h.d.Store.Release(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		h.take(p)
		for _, try := range []func() error{
			func() error { _, err := c.Fill(t.Context(), backfill.Chunk{}, seg); return err },
			func() error { _, err := c.FillOne(t.Context(), `["1"]`, time.Second); return err },
			func() error {
				return h.d.Steps.Do(t.Context(), p, p.Phase(plans.Contract).Steps[0], dialect.Env{Lease: old, LockWait: time.Second})
			},
		} {
			if err := try(); !errors.Is(err, state.ErrFenced) {
				t.Errorf("without the lease: %v", err)
			}
		}
		h.want("SELECT full_name, display_name FROM people", "Ada|NULL")
		h.want("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()", "2")
	})
}

// TestFillWaitsForNobody: rows that somebody has locked are skipped, what is locked is
// just what is written, and the rest is done one by one.
func TestFillWaitsForNobody(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec(peopleDDL, "ALTER TABLE people ADD COLUMN touched TIMESTAMP NOT NULL DEFAULT '2001-01-01' ON UPDATE CURRENT_TIMESTAMP")
		for i := range 20 {
			h.exec("INSERT INTO people (id, full_name) VALUES (" + strconv.Itoa(10*i+10) + ", 'x')")
		}
		p := h.mustPlan(rename("people", "full_name", "display_name"))
		var fill plans.Step
		for _, st := range p.Phase(plans.Expand).Steps {
			if fill = st; st.Kind == plans.Backfill {
				break
			}
			h.step(p, st)
		}
		seg := state.Segment{Run: p.ID, Step: fill.ID, Pass: 1}
		if err := h.d.Store.PutSegment(t.Context(), h.lease, seg); err != nil {
			t.Fatal(err)
		}
		tx, err := h.db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		// A changed row, a locked gap with a new row in it, and a row locked for reading.
		for _, q := range []string{"UPDATE people SET full_name = 'y' WHERE id = 30", "INSERT INTO people (id, full_name) VALUES (45, 'new')", "SELECT * FROM people WHERE id IN (60, 70, 80) LOCK IN SHARE MODE"} {
			if _, err := tx.ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		c := h.columnsOf(p)
		begin := time.Now()
		got, err := c.Fill(t.Context(), backfill.Chunk{}, seg)
		if err != nil || got.Written != 16 {
			t.Fatalf("filled %+v %v, want 16 rows", got, err)
		}
		if d := time.Since(begin); d > 900*time.Millisecond {
			t.Errorf("the fill took %s: it waited", d)
		}
		if keys, err := c.Missing(t.Context(), backfill.Chunk{}, 10); err != nil || strings.Join(keys, "") != `["30"]["60"]["70"]["80"]` {
			t.Errorf("missing %v %v", keys, err)
		}
		if _, err := c.FillOne(t.Context(), `["30"]`, time.Second); !errors.Is(err, dberr.LockTimeout) {
			t.Errorf("one locked row: %v", err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if keys, err := c.Missing(t.Context(), backfill.Chunk{}, 10); err != nil || strings.Join(keys, "") != `["60"]["70"]["80"]` {
			t.Errorf("missing after the commit %v %v", keys, err)
		}
		for _, k := range []string{`["60"]`, `["70"]`, `["80"]`} {
			if got, err := c.FillOne(t.Context(), k, time.Second); err != nil || got.Written != 1 {
				t.Errorf("one row: %+v %v", got, err)
			}
		}
		h.want("SELECT COUNT(*), SUM(full_name = display_name), SUM(touched = '2001-01-01') FROM people", "21|21|20")
		h.locksOfFill(c)
	})
}

// locksOfFill reads which locks the statement holds before its commit.
func (h *home) locksOfFill(c *columns) {
	h.t.Helper()
	if !h.mysql() {
		return // that server shows only locks that somebody waits for
	}
	h.exec("SET @phasemig_backfill = '"+c.run+"'", "UPDATE people SET display_name = NULL WHERE id IN (10, 50, 90)")
	tx, err := c.db.BeginTx(h.t.Context(), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(h.t.Context(), c.fill("TRUE")); err != nil {
		h.t.Fatal(err)
	}
	list, err := records(h.t.Context(), tx, "SELECT lock_mode, lock_data FROM performance_schema.data_locks WHERE object_schema = DATABASE() AND object_name = 'people' AND lock_type = 'RECORD' ORDER BY lock_data")
	if err != nil {
		h.t.Fatal(err)
	}
	var got []string
	for _, r := range list {
		got = append(got, r["lock_mode"]+" "+r["lock_data"])
	}
	if strings.Join(got, "; ") != "X,REC_NOT_GAP 10; X,REC_NOT_GAP 50; X,REC_NOT_GAP 90" {
		h.t.Errorf("the fill holds %v", got)
	}
}

// TestLostConnection: whatever was under way when the network went is reported as
// lost, never as done or as failed.
func TestLostConnection(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec(peopleDDL, "INSERT INTO people (id, full_name) VALUES (1, 'Ada')")
		p := h.mustPlan(rename("people", "full_name", "display_name"))
		proxy := dbtest.NewProxy(t, dbtest.Server(t, h.kind).Addr())
		direct := h.d
		h.d = h.open(proxy.DSN(h.dsn))
		var fill plans.Step
		for _, st := range p.Phase(plans.Expand).Steps {
			if st.Kind == plans.Backfill {
				fill = st
				break
			}
			h.step(p, st)
		}
		seg := state.Segment{Run: p.ID, Step: fill.ID, Pass: 1}
		if err := h.d.Store.PutSegment(t.Context(), h.lease, seg); err != nil {
			t.Fatal(err)
		}
		c := h.columns(p, 0)
		for name, call := range map[string]func() error{
			"fill":  func() error { _, err := c.Fill(t.Context(), backfill.Chunk{}, seg); return err },
			"steps": func() error { return h.d.Steps.Do(t.Context(), p, p.Phase(plans.Contract).Steps[0], h.env()) },
		} {
			h.cutDuring(proxy, name, call)
		}
		h.d = direct
		h.want("SELECT full_name, display_name FROM people", "Ada|NULL")
		if got := h.outcome(p, p.Phase(plans.Contract).Steps[0]); got != dialect.NotStarted {
			t.Errorf("hide is %s", got)
		}
	})
}

// cutDuring makes a call wait for locks of an application, and cuts its connection.
func (h *home) cutDuring(proxy *faultnet.Proxy, name string, call func() error) {
	h.t.Helper()
	tx, err := h.db.BeginTx(h.t.Context(), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	defer tx.Rollback()
	for _, q := range []string{"SELECT * FROM phasemig.lease_epoch FOR UPDATE", "SELECT * FROM people FOR UPDATE"} {
		if _, err := tx.ExecContext(h.t.Context(), q); err != nil {
			h.t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	go func() { done <- call() }()
	h.eventually(name+" waits", func() bool {
		list, err := h.dialectServer().sessions(h.t.Context())
		if err != nil {
			h.t.Fatal(err)
		}
		for _, r := range list {
			if r["command"] == "Query" && strings.Contains(r["info"], "lease_epoch") && r["db"] == h.table("people").Schema {
				return true
			}
		}
		return false
	})
	proxy.Cut()
	if err := <-done; !errors.Is(err, dberr.ConnLost) {
		h.t.Errorf("%s: %v", name, err)
	}
}

// TestDefiner: triggers belong to the account that the target names, and an account
// that is gone is seen before it fails every write.
func TestDefiner(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		name := "pm_def_" + strings.ToLower(rand.Text()[:8])
		h.exec("CREATE USER '"+name+"'@'localhost'", "GRANT ALL ON *.* TO '"+name+"'@'localhost'", peopleDDL)
		h.d = h.open(h.dsn + "?definer=" + name + "@localhost")
		p := h.mustPlan(rename("people", "full_name", "display_name"))
		h.phase(p, plans.Expand)
		h.want("SELECT DISTINCT definer FROM information_schema.triggers WHERE trigger_schema = DATABASE()", name+"@localhost")
		h.exec("INSERT INTO people (full_name) VALUES ('Ada')", "DROP USER '"+name+"'@'localhost'")
		list, err := h.d.Server.Preflight(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			if a.Check == "definer" && a.Fatal && strings.Contains(a.Detail, "1449") {
				return
			}
		}
		t.Errorf("a definer that is gone is not seen: %+v", list)
	})
}
