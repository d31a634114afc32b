package integration

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/lint/linttest"
	mysqllint "github.com/phasemig/phasemig/lint/mysql"
	postgreslint "github.com/phasemig/phasemig/lint/postgres"
	"github.com/phasemig/phasemig/plans"
)

// taken are errors of the linter about what a contract and a way back are for: something is taken away, after gates.
var taken = []string{"drop-primary-key", "drop-column", "rename"}

// ownSchema is what a run finds in place on PostgreSQL.
const ownSchema = "CREATE SCHEMA phasemig;\nCREATE TABLE phasemig.unreturnable (run text, sync int, relation text, row_key text, key_digest text, at timestamptz, PRIMARY KEY (run, sync, key_digest));\n"

// lints has the project's own linter read every statement of a plan, there and back, each in the transaction that it is run in.
func (x *kitchen) lints() {
	x.t.Helper()
	schema := strings.Join(slices.Concat(tablesOf(x.kind), x.c.create), ";\n") + ";\n"
	if x.kind.IsPostgres() {
		schema += ownSchema
	}
	for _, ph := range x.plan.Phases {
		there, back := x.sql(ph.Steps), x.sql(reversible(ph.Steps))
		for _, st := range slices.Backward(reversible(ph.Steps)) {
			back = append(back, x.readable(st.Undo)...)
		}
		x.lint(ph, schema, there)
		x.lint(plans.Phase{Name: plans.Contract, Steps: ph.Steps}, schema, back)
		schema += x.script(there)
	}
}

// sql are the statements of steps as a migration could hold them. The batches of a walk and what compares rows have parameters, and are no statements of
// a migration.
func (x *kitchen) sql(steps []plans.Step) []string {
	var out []string
	for _, st := range steps {
		if st.Mode != plans.Batches && st.Mode != plans.ReadOnly {
			out = append(out, x.readable(st.SQL)...)
		}
	}
	return out
}

// readable leaves out what is only run if the server refuses the statement before, and the name of the database, which the schema above doesn't have.
func (x *kitchen) readable(list []string) []string {
	var out []string
	for _, q := range list {
		if strings.HasPrefix(q, "/* only if") {
			continue
		}
		if !x.kind.IsPostgres() {
			q = strings.ReplaceAll(q, "`"+x.plan.Tables()[0].Schema+"`.", "")
		}
		out = append(out, q)
	}
	return out
}

// linter is the linter for the server, and the version that it is told of.
func (x *kitchen) linter() (*lint.Dialect, string) {
	switch x.kind {
	case throwaway.MySQL:
		return mysqllint.Dialect(), ""
	case throwaway.MariaDB:
		return mysqllint.MariaDB(), ""
	}
	return postgreslint.Dialect(), strings.TrimPrefix(string(x.kind), "postgres")
}

func (x *kitchen) lint(ph plans.Phase, schema string, list []string) {
	x.t.Helper()
	d, version := x.linter()
	for _, f := range linttest.Check(x.t, d, version, schema, x.script(list)).Findings {
		if f.Severity == lint.Error && !x.meant(d, ph, f) {
			x.t.Errorf("%s: %s: %s", f.Statement, f.Rule, f.Message)
		}
	}
}

// meant are errors that no plan could do without: what it takes away after gates, what it has made itself, what the change asks of rows, and a moment in which the
// server works on a table that is small, which a linter can't know.
func (x *kitchen) meant(d *lint.Dialect, ph plans.Phase, f lint.Finding) bool {
	i := slices.IndexFunc(d.Rules, func(r lint.Rule) bool { return r.ID == f.Rule })
	if i < 0 {
		return false
	}
	small := slices.ContainsFunc(x.plan.Alters, func(a plans.Alter) bool { return a.Way == plans.Native && a.Prefix == "" })
	switch d.Rules[i].Kind {
	case lint.Lock, lint.Rewrite, lint.Scan:
		return small
	}
	switch f.Rule {
	case "drop-object":
		return strings.Contains(f.Message, x.plan.ID) || strings.Contains(f.Message, "_pm_old") || ph.Name != plans.Expand && x.c.also != ""
	case "rows-refused":
		return true
	case "column-needs-value", "writes-refused":
		if strings.Contains(f.Message, "._pm_") { // the function that the same transaction puts in fills it
			return true
		}
		return slices.ContainsFunc(x.plan.Syncs, func(s plans.Sync) bool { return s.Operation == "set_not_null" })
	}
	return ph.Name != plans.Expand && slices.Contains(taken, f.Rule)
}

// script is how the statements are run.
func (x *kitchen) script(list []string) string {
	var out strings.Builder
	for _, q := range list {
		switch {
		case !x.kind.IsPostgres():
			out.WriteString("SET SESSION lock_wait_timeout = 1;\n" + q + ";\n")
		case strings.Contains(q, "INDEX CONCURRENTLY"):
			out.WriteString(q + ";\n")
		default:
			out.WriteString("BEGIN;\nSET LOCAL lock_timeout = 1000;\n" + q + ";\nCOMMIT;\n")
		}
	}
	return out.String()
}
