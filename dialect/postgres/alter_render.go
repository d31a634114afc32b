package postgres

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// RenderAlter implements plans.Rules.
func (Rules) RenderAlter(f *plans.Facts, t *schema.Table, a *plans.Alter, planID string, st *plans.Step) (bool, error) {
	k := alterKitchen{a: a, t: t, planID: planID, path: f.Settings["search_path"]}
	st.Mode = plans.Each
	switch st.Kind {
	case plans.RunAlter:
		k.native(st)
	case plans.CreateShadow:
		a.New, a.Old = k.at().shadowPlace(t.Ident).String(), k.at().asidePlace(t.Ident).String()
		st.Mode, st.SQL, st.Undo = plans.Transaction, k.create(), k.remove()
		st.Because = "the change is done to an empty copy, as it was written; nobody reads or writes it yet"
		if k.a.Partition != nil || k.a.Rewrite {
			st.Because = "an empty table beside this one, in the shape that it is to have; nobody reads or writes it yet"
		}
	case plans.CopyRows:
		st.Mode, st.Scans = plans.Batches, true
		st.Estimate = plans.Estimate{Rows: t.Rows, Bytes: t.Bytes, Seconds: float64(t.Rows) / copyRate, DiskBytes: t.Bytes, ReplayRows: t.Rows}
		st.Because = "chunks are copied by the server itself, without locks on the table, and what changes meanwhile is followed in its log through a replication slot; both tables are then in step"
	case plans.CompareShadow:
		st.Mode, st.Scans = plans.ReadOnly, true
		st.Estimate = plans.Estimate{Rows: t.Rows, Bytes: t.Bytes, Seconds: float64(t.Rows) / compareRate}
		st.Because = "every row of both tables is read and compared, as the new shape stores it"
	case plans.CutOver:
		st.Mode, st.SQL, st.Undo = plans.Locked, k.swap(), k.swapBack()
		st.Lock = plans.Lock{Level: "ACCESS EXCLUSIVE", BlocksReads: true, BlocksWrites: true, BoundedMS: plans.LockBudget.Milliseconds()}
		st.Because = "what is left of the log is applied under a short lock, then the tables change places in one transaction, and with them go views, foreign keys, triggers, policies, sequences, publications, owner and rights; foreign keys are validated after it"
	case plans.DropOld:
		st.SQL = k.dropOld()
		st.Lock = plans.Lock{Level: "none"}
		st.Because = "the end of the way back"
	}
	return true, nil
}

// Rates of a first guess, in rows a second; a run that is at work tells better.
const (
	copyRate    = 100_000
	compareRate = 300_000
)

// alterKitchen writes the statements of an ALTER TABLE's steps. It is pure.
type alterKitchen struct {
	a      *plans.Alter
	t      *schema.Table
	planID string
	path   string
}

func (k alterKitchen) at() copyID { return copyOf(k.planID, k.a) }

func (k alterKitchen) native(st *plans.Step) {
	st.SQL = []string{"SET LOCAL search_path = " + k.path, "ALTER TABLE " + relation(k.a.Table) + " " + k.a.SQL}
	st.Mode = plans.Transaction
	st.Lock = plans.Lock{Level: "ACCESS EXCLUSIVE", BlocksReads: true, BlocksWrites: true, BoundedMS: plans.LockBudget.Milliseconds()}
	st.Because = "the server does it in its catalog alone"
	if why := k.a.Extra[notInstant]; why != "" {
		st.Rewrites, st.Scans = strings.Contains(why, "rewrites"), true
		st.Because = fmt.Sprintf("the table is so small (%d bytes) that it can wait for the server: %s", k.t.Bytes, why)
	}
}

// What the comments of a run's schemas say.
const (
	shadowReady = "the shadow of a table, kept in step until it takes its place"
	oldOne      = "the table before its change of shape, kept in step until contract"
)

func (k alterKitchen) mark(what string) string {
	return literal("phasemig " + k.planID + ": " + what + "; undo: phasemig rollback " + k.planID)
}

func (k alterKitchen) create() []string {
	at := k.at().shadowPlace(k.a.Table)
	out := []string{"CREATE SCHEMA " + Quote(at.Schema), "CREATE SCHEMA " + Quote(k.at().asideSchema())}
	out = append(out, copyStatements(k.t, at, k.a.Partition)...)
	if k.a.Partition == nil && !k.a.Rewrite {
		out = append(out, "SET LOCAL search_path = "+k.path, "ALTER TABLE "+relation(at)+" "+k.a.SQL, "SET LOCAL search_path = pg_catalog, pg_temp")
	}
	out = append(out, checkpointStatements(k.at())...)
	return append(out, "COMMENT ON SCHEMA "+Quote(at.Schema)+" IS "+k.mark(shadowReady), "COMMENT ON SCHEMA "+Quote(k.at().asideSchema())+" IS "+k.mark(oldOne))
}

func (k alterKitchen) remove() []string {
	at := k.at().shadowPlace(k.a.Table)
	return []string{"DROP TABLE IF EXISTS " + relation(at), "DROP SCHEMA IF EXISTS " + Quote(at.Schema), "DROP SCHEMA IF EXISTS " + Quote(k.at().asideSchema()),
		"DROP TABLE IF EXISTS " + relation(k.at().checkpoint())}
}

func (k alterKitchen) swap() []string {
	return exchange(k.a.Table, nil, k.at().asideSchema(), k.at().shadowPlace(k.a.Table), k.a.Partition.Names())
}

func (k alterKitchen) swapBack() []string {
	return exchange(k.a.Table, k.a.Partition.Names(), k.at().shadowSchema(), k.at().asidePlace(k.a.Table), nil)
}

// exchange puts a table into another schema, and one that stands aside into its place, each with its
// partitions.
func exchange(table schema.Ident, parts []string, to string, from schema.Ident, newParts []string) []string {
	out := moved(table, parts, to)
	return append(out, moved(from, newParts, table.Schema)...)
}

func moved(table schema.Ident, parts []string, to string) []string {
	var out []string
	for _, name := range append([]string{table.Name}, parts...) {
		out = append(out, "ALTER TABLE "+inSchemaOf(table, name)+" SET SCHEMA "+Quote(to))
	}
	return out
}

func (k alterKitchen) dropOld() []string {
	at := k.at().asidePlace(k.a.Table)
	return []string{"DROP TABLE IF EXISTS " + relation(at), "DROP SCHEMA IF EXISTS " + Quote(k.at().shadowSchema()),
		"DROP TABLE IF EXISTS " + relation(k.at().checkpoint()), "DROP SCHEMA IF EXISTS " + Quote(at.Schema)}
}
