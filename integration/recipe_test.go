package integration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/dialect/mysql"
	"github.com/phasemig/phasemig/dialect/postgres"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// kitchen is one operation in a database of its own.
type kitchen struct {
	t      *testing.T
	kind   throwaway.Kind
	c      recipeCase
	dsn    string
	db     *dialect.Database
	plan   *plans.Plan
	start  []string
	engine *engine.Engine
	events chan engine.Event
	// written counts what the application wrote.
	written int64
}

func newKitchen(t *testing.T, k throwaway.Kind, c recipeCase) *kitchen {
	t.Helper()
	x := openKitchen(t, k, c)
	var err error
	if x.plan, err = x.build(c.operations); err != nil {
		t.Fatal(err)
	}
	return x
}

// openKitchen makes the tables, and no plan.
func openKitchen(t *testing.T, k throwaway.Kind, c recipeCase) *kitchen {
	t.Helper()
	x := &kitchen{t: t, kind: k, c: c, dsn: dbtest.Database(t, k), events: make(chan engine.Event, 1000)}
	dbtest.Exec(t, x.dsn, slices.Concat(tablesOf(k), c.create)...)
	open := postgres.Open
	if !k.IsPostgres() {
		open = mysql.Open
	}
	db, err := open(t.Context(), x.dsn)
	if err != nil {
		t.Fatal(err)
	}
	x.db = db
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	x.start = x.now()
	x.configure(engine.Config{LockBudget: time.Minute})
	return x
}

// tablesOf are what an operation is tried on.
func tablesOf(k throwaway.Kind) []string {
	if k.IsPostgres() {
		return ordersTables
	}
	return clauseTables
}

func (x *kitchen) configure(c engine.Config) {
	x.engine = engine.New(x.db, c, func(e engine.Event) {
		select {
		case x.events <- e:
		default: // nobody reads so many
		}
	})
}

func (x *kitchen) build(operations string) (*plans.Plan, error) {
	x.t.Helper()
	return x.gated(operations, plans.NoGates())
}

func (x *kitchen) gated(operations string, gates plans.GateSet) (*plans.Plan, error) {
	x.t.Helper()
	c, err := plans.ParseChange([]byte("name: recipe\nreplicas: none\noperations:\n" + operations))
	if err != nil {
		x.t.Fatal(err)
	}
	c.Gates, c.Strategy = gates, x.c.strategy
	f, err := x.db.Reader.Facts(x.t.Context(), c)
	if err != nil {
		return nil, err
	}
	return plans.Build(c, &f, x.db.Rules)
}

func (x *kitchen) now() []string { return x.c.described(x.t, x.kind, x.dsn) }

func (x *kitchen) apply(ph plans.PhaseName) error {
	_, err := x.engine.Apply(x.t.Context(), x.plan, engine.Options{Phase: ph})
	return err
}

func (x *kitchen) must(ph plans.PhaseName) {
	x.t.Helper()
	if err := x.apply(ph); err != nil {
		x.t.Fatalf("%s: %v", ph, err)
	}
}

func (x *kitchen) back() {
	x.t.Helper()
	if _, err := x.engine.Rollback(x.t.Context(), x.plan.ID, engine.RollbackOptions{}); err != nil {
		x.t.Fatalf("rollback: %v", err)
	}
}

func (x *kitchen) same(when string, want []string) {
	x.t.Helper()
	sameTable(x.t, when, alike(x.now()), alike(want))
}

// alike takes away the one difference that a server itself makes: this list it writes otherwise when it reads what it has
// written.
func alike(lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, strings.ReplaceAll(l, "(ARRAY['new'::character varying, 'paid'::character varying])::text[]", "ARRAY[('new'::character varying)::text, ('paid'::character varying)::text]"))
	}
	return out
}

// life goes there, back at each phase, and there again. It tells which phases that do something have a way back.
func (x *kitchen) life() (back []plans.PhaseName) {
	x.t.Helper()
	stop := func() {}
	if !x.c.quiet {
		stop = x.write(slices.Concat(x.c.old, writerOf(x.kind)))
	}
	defer func() { stop() }()
	before := x.start
	for _, n := range plans.PhaseNames() {
		if n == plans.Contract && len(x.c.old) > 0 { // the old code is gone
			stop()
			stop = x.write(writerOf(x.kind))
		}
		ph := x.plan.Phase(n)
		if x.there(ph) {
			x.back()
			x.same("rollback of "+string(n), before)
			x.must(n)
			if len(ph.Steps) > 0 {
				back = append(back, n)
			}
		} else {
			x.stays()
		}
		before = x.now()
	}
	stop()
	x.same("the end", x.direct())
	return back
}

// there carries a phase out as far as there is a way back. It reports false, with the phase done, where there is none.
func (x *kitchen) there(ph *plans.Phase) bool {
	x.t.Helper()
	if first := slices.IndexFunc(ph.Steps, func(st plans.Step) bool { return !st.Reversible }); first == 0 {
		x.must(ph.Name)
		return false
	} else if first > 0 {
		_, err := x.engine.Apply(x.t.Context(), x.plan, engine.Options{Phase: ph.Name, Before: ph.Steps[first].ID})
		if !errors.Is(err, engine.ErrStopped) {
			x.t.Fatalf("%s: %v", ph.Name, err)
		}
		return true
	}
	fault.Arm("engine.phase_done=error") // all is done, and the way back is open
	defer fault.Arm("")
	if err := x.apply(ph.Name); !errors.Is(err, fault.ErrInjected) {
		x.t.Fatalf("%s: %v", ph.Name, err)
	}
	return true
}

// stays: what can't be taken back is said, and nothing is changed by asking for it.
func (x *kitchen) stays() {
	x.t.Helper()
	done := x.now()
	if _, err := x.engine.Rollback(x.t.Context(), x.plan.ID, engine.RollbackOptions{}); !errors.Is(err, engine.ErrIrreversible) || !strings.Contains(err.Error(), x.c.stays) {
		x.t.Fatalf("rollback of what stays: %v", err)
	}
	x.same("rollback that was refused", done)
}

// mend changes rows, here and where the same change is done at once.
func (x *kitchen) mend(statement string) {
	x.t.Helper()
	dbtest.Exec(x.t, x.dsn, statement)
	x.c.create = append(slices.Clone(x.c.create), statement)
}

// direct is the same change at once, in another database.
func (x *kitchen) direct() []string {
	x.t.Helper()
	dsn := dbtest.Database(x.t, x.kind)
	dbtest.Exec(x.t, dsn, slices.Concat(tablesOf(x.kind), x.c.create, x.c.direct)...)
	return x.c.described(x.t, x.kind, dsn)
}

// writerOf are statements of the application, with $1 a number that none used before.
func writerOf(k throwaway.Kind) []string {
	if k.IsPostgres() {
		return ordersWriter
	}
	return clauseWriter
}

// write is the application until stop is called: no statement may fail.
func (x *kitchen) write(statements []string) (stop func()) {
	x.t.Helper()
	db := dbtest.DB(x.t, x.dsn)
	ctx, cancel := context.WithCancel(x.t.Context())
	var g errgroup.Group
	g.Go(func() error {
		for ; ctx.Err() == nil; x.written++ {
			for _, q := range statements {
				if err := writeOne(ctx, db, x.kind, q, 100_000+x.written); err != nil && ctx.Err() == nil {
					return fmt.Errorf("%s: %w", q, err)
				}
			}
		}
		return nil
	})
	return sync.OnceFunc(func() {
		cancel()
		if err := g.Wait(); err != nil {
			x.t.Errorf("the application: %v", err)
		}
	})
}

// writeOne runs a statement: prepared on PostgreSQL, as text elsewhere.
func writeOne(ctx context.Context, db *sql.DB, k throwaway.Kind, q string, n int64) error {
	if k.IsPostgres() {
		_, err := db.ExecContext(ctx, q, n)
		return err
	}
	_, err := db.ExecContext(ctx, strings.ReplaceAll(q, "$1", fmt.Sprint(n)))
	return err
}

// TestRecipeMeetsEqualRows: a unique index that can't be leaves nothing, and is built when it can.
func TestRecipeMeetsEqualRows(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		x := newKitchen(t, k, recipeCase{create: []string{"UPDATE orders SET email = 'twice' WHERE id IN (3, 4)"},
			operations: "  - add_unique: {table: orders, name: orders_email_key, columns: [email]}\n", direct: []string{"ALTER TABLE orders ADD CONSTRAINT orders_email_key UNIQUE (email)"}})
		if err := x.apply(plans.Expand); !errors.Is(err, dberr.Duplicate) || !strings.Contains(err.Error(), "twice") {
			t.Fatalf("equal rows: %v", err)
		}
		x.same("after the failure", x.start)
		x.mend("UPDATE orders SET email = 'mail4' WHERE id = 4")
		x.must(plans.Expand)
		x.same("the end", x.direct())
	})
}

// TestRecipeWaits: a build tells for whom it waits, gives up after its own time, and the index that this leaves invalid is gone
// before the next one is built, or with the rollback.
func TestRecipeWaits(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		x := newKitchen(t, k, indexCases()[0])
		x.invalid()
		if err := x.apply(plans.Expand); err != nil {
			t.Fatal(err)
		}
		x.same("the end", x.direct())
		x.back()
		x.same("rollback", x.start)
		x.invalid()
		x.back()
		x.same("rollback of what was left invalid", x.start)
	})
}

// invalid has a build give up behind a transaction that doesn't end.
func (x *kitchen) invalid() {
	x.t.Helper()
	x.configure(engine.Config{LockBudget: 2500 * time.Millisecond})
	defer x.configure(engine.Config{LockBudget: time.Minute})
	tx := x.hold("SET application_name = 'report'", "UPDATE orders SET total = 1 WHERE id = 1")
	if err := x.apply(plans.Expand); !errors.Is(err, dberr.LockTimeout) {
		x.t.Fatalf("behind an open transaction: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		x.t.Fatal(err)
	}
	if !slices.ContainsFunc(x.now(), func(l string) bool { return strings.Contains(l, "valid=f") }) {
		x.t.Fatal("no index was left invalid")
	}
	for {
		select {
		case e := <-x.events:
			if w, ok := e.(engine.BuildWaiting); ok && len(w.Holders) == 1 && w.Holders[0].Client != "" && strings.Contains(w.Holders[0].Client, "report") {
				return
			}
		default:
			x.t.Fatal("nobody was told for whom the build waits")
		}
	}
}

// hold opens a transaction that ends with the test at the latest.
func (x *kitchen) hold(statements ...string) *sql.Tx {
	x.t.Helper()
	tx, err := dbtest.DB(x.t, x.dsn).BeginTx(x.t.Context(), nil)
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { _ = tx.Rollback() })
	for _, q := range statements {
		if _, err := tx.ExecContext(x.t.Context(), q); err != nil {
			x.t.Fatal(err)
		}
	}
	return tx
}

// TestRecipeMeetsBadRows: a check that rows break stands for new ones, until it is validated or taken back.
func TestRecipeMeetsBadRows(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		for _, c := range []recipeCase{
			{name: "check", create: []string{"UPDATE orders SET total = -1 WHERE id = 5"}, operations: constraintCases()[0].operations, direct: constraintCases()[0].direct},
			{name: "not null", create: []string{`UPDATE orders SET "Note" = NULL WHERE id = 5`}, operations: constraintCases()[4].operations, direct: constraintCases()[4].direct},
		} {
			t.Run(c.name, func(t *testing.T) {
				x := newKitchen(t, k, c)
				if err := x.apply(plans.Expand); !errors.Is(err, dberr.DataError) {
					t.Fatalf("a row that breaks it: %v", err)
				}
				if _, err := dbtest.DB(t, x.dsn).ExecContext(t.Context(), `INSERT INTO orders (id, total) VALUES (0, -1)`); err == nil {
					t.Fatal("a new row may break it")
				}
				x.back()
				x.same("rollback", x.start)
				if err := x.apply(plans.Expand); !errors.Is(err, dberr.DataError) {
					t.Fatalf("a row that breaks it: %v", err)
				}
				x.mend(`UPDATE orders SET total = 5, "Note" = 'x' WHERE id = 5`)
				x.must(plans.Expand)
				x.same("the end", x.direct())
			})
		}
	})
}

// TestRecipeMeetsOthers: what somebody else has made meanwhile is drift, and is left alone.
func TestRecipeMeetsOthers(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		x := newKitchen(t, k, constraintCases()[5])
		dbtest.Exec(t, x.dsn, "CREATE INDEX orders_ref_idx ON orders (ref)")
		if err := x.apply(plans.Expand); !errors.Is(err, plans.ErrStale) {
			t.Fatalf("another index: %v", err)
		}
		dbtest.Exec(t, x.dsn, "DROP INDEX orders_ref_idx")
		fault.Arm("engine.step_journaled=error")
		if err := x.apply(plans.Expand); !errors.Is(err, fault.ErrInjected) {
			t.Fatal(err)
		}
		fault.Arm("")
		dbtest.Exec(t, x.dsn, "CREATE INDEX orders_total_idx ON orders (total DESC)")
		if err := x.apply(plans.Expand); !errors.Is(err, plans.ErrStale) {
			t.Fatalf("another index of the name: %v", err)
		}
		x.back()
		x.same("rollback leaves it alone", append(slices.Clone(x.start), "index CREATE INDEX orders_total_idx ON public.orders USING btree (total DESC) valid=t comment="))
	})
}

// TestRecipeRefuses what can't be meant, before anything is done.
func TestRecipeRefuses(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		x := newKitchen(t, k, recipeCase{operations: indexCases()[0].operations, create: []string{"ALTER TABLE orders ADD PRIMARY KEY (id)", "ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total > 0)",
			"CREATE TABLE lines (o bigint REFERENCES orders)", "CREATE TABLE orders_taken (a int)", touch, "CREATE TYPE state AS ENUM ('new')", "CREATE DOMAIN mail AS text CONSTRAINT mail_set CHECK (VALUE <> '')", "CREATE UNIQUE INDEX orders_total_idx ON orders (total)", "ALTER TABLE orders ADD EXCLUDE USING btree (id WITH =)"}})
		for operations, want := range map[string]string{
			"  - create_index: {table: orders, name: i, columns: [nothing]}\n":                                                          "nothing",
			"  - create_index: {table: orders, name: orders_taken, columns: [id]}\n":                                                    "exists already",
			"  - create_index: {table: orders, name: orders_pkey, columns: [id]}\n":                                                     "exists already",
			"  - create_index: {table: orders, name: i, columns: [{expression: random()}]}\n":                                           "IMMUTABLE",
			"  - drop_index: {table: orders, name: i}\n":                                                                                "no such index",
			"  - drop_index: {table: orders, name: orders_pkey}\n":                                                                      "constraint of its name",
			"  - drop_constraint: {table: orders, name: orders_pkey}\n":                                                                 "lines_o_fkey",
			"  - drop_constraint: {table: orders, name: orders_id_excl}\n":                                                              "without blocking",
			"  - add_check: {table: orders, name: c, check: total > nothing}\n":                                                         "nothing",
			"  - add_check: {table: orders, name: orders_total, check: total > 1}\n":                                                    "exists",
			"  - add_primary_key: {table: orders, name: pk, columns: [ref]}\n":                                                          "already",
			"  - add_foreign_key: {table: orders, name: f, columns: [ref], references: {table: nothing, columns: [id]}}\n":              "nothing",
			"  - add_foreign_key: {table: orders, name: f, columns: [ref], references: {table: teams, columns: [name]}}\n":              "no unique constraint",
			"  - set_not_null: {table: orders, column: id}\n":                                                                           "NOT NULL already",
			"  - create_trigger: {table: orders, name: g, fires: BEFORE UPDATE, function: nothing()}\n":                                 "nothing",
			"  - create_trigger: {table: orders, name: ~pm_g, fires: BEFORE UPDATE, function: touch()}\n":                               "keep columns in step",
			"  - drop_trigger: {table: orders, name: g}\n":                                                                              "no such trigger",
			"  - set_replica_identity: {table: orders, index: orders_total_idx}\n":                                                      "NOT NULL",
			"  - replace_index: {table: orders, name: orders_total_idx, columns: [total], unique: true}\n":                              "so already",
			"  - replace_index: {table: orders, name: orders_pkey, columns: [total]}\n":                                                 "constraint of its name",
			"  - add_enum_value: {type: orders, value: x}\n":                                                                            "for an enum type",
			"  - add_enum_value: {type: state, value: new}\n":                                                                           "already",
			"  - add_enum_value: {type: state, value: x, after: y}\n":                                                                   "no value",
			"  - rename_enum_value: {type: state, from: x, to: y}\n":                                                                    "no value",
			"  - validate_constraint: {table: mail, name: mail_set}\n":                                                                  "valid already",
			"  - drop_constraint: {table: mail, name: mail_set}\n":                                                                      "no way back",
			"  - create_index: {table: state, name: i, columns: [x]}\n":                                                                 "it is an enum type",
			"  - validate_constraint: {table: orders, name: orders_total}\n":                                                            "valid already",
			"  - rename_constraint: {table: orders, from: nothing, to: x}\n":                                                            "no constraint nothing",
			"  - drop_index: {table: orders, name: i}\n  - rename_column: {table: orders, from: email, to: mail}\n":                     "",
			"  - add_check: {table: orders, name: i, check: total > 0}\n  - create_index: {table: orders, name: i, columns: [total]}\n": "two operations",
		} {
			_, err := x.build(operations)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", operations, err, want)
			}
		}
		dbtest.Exec(t, x.dsn, "CREATE PUBLICATION p FOR TABLE orders", "ALTER DOMAIN mail ADD CONSTRAINT mail_short CHECK (length(VALUE) < 80) NOT VALID")
		for operations, want := range map[string]string{
			"  - set_replica_identity: {table: orders, identity: nothing}\n":     "publication p",
			"  - validate_constraint: {table: mail, name: mail_short}\n":         "keeps writes",
			"  - add_check: {table: mail, name: mail_short, check: VALUE > 1}\n": "already exists",
		} {
			if _, err := x.build(operations); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", operations, err, want)
			}
		}
		x.same("after plans that were refused", x.start)
	})
}

// TestRecipeGates: nothing is compared, since there are no two sides; what is taken away waits for approval and for a rest.
func TestRecipeGates(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		x := newKitchen(t, k, recipeCase{operations: indexCases()[0].operations})
		for operations, want := range map[string]string{
			indexCases()[0].operations:                          "expand: preflight, reversible true; switch: , reversible true; contract: , reversible true",
			"  - drop_column: {table: orders, column: total}\n": "expand: preflight, reversible true; switch: , reversible true; contract: approval, reversible false until contract.2.run_act after soak",
		} {
			p, err := x.gated(operations, plans.GateSet{})
			if err != nil {
				t.Fatal(err)
			}
			if got := gatesOf(p); got != want {
				t.Errorf("%s: %s, want %s", operations, got, want)
			}
			again, err := x.gated(operations, plans.GateSet{})
			if err != nil || again.Hash != p.Hash {
				t.Errorf("the same change has another plan the second time: %v", err)
			}
			b, err := p.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if read, err := plans.Decode(b); err != nil || read.Hash != p.Hash {
				t.Errorf("a plan that was stored: %v", err)
			}
		}
	})
}

func gatesOf(p *plans.Plan) string {
	var out []string
	for _, ph := range p.Phases {
		s := fmt.Sprintf("%s: %s, reversible %t", ph.Name, gateKinds(ph.Gates), ph.Reversible)
		if st, ok := p.Step(ph.Until); ok {
			s += " until " + st.ID + " after " + gateKinds(st.Gates)
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func gateKinds(list []plans.GateRef) string {
	var out []string
	for _, g := range list {
		out = append(out, g.Kind)
	}
	return strings.Join(out, " ")
}
