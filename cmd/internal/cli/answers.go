package cli

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// outcome shows how far an apply, a rollback or an abort came. ended is false when
// an error follows, which then says why. seen is the summary of the call.
func (g *page) outcome(r engine.Result, ended bool, seen string) {
	word := ""
	if r.Already && ended {
		word = " (nothing was left to do)"
	}
	g.line("%s (%s) is %s%s", g.style.bold(r.Name), r.Run, r.Status, word)
	for _, s := range r.Steps {
		g.line("  %s %s%s in %s", s.ID, s.State, rowsOf(s.Rows), duration(s.Elapsed))
	}
	g.labeled(0, "in all", seen)
	if r.Evidence != "" {
		g.labeled(0, "evidence", r.Evidence)
	}
	g.labeled(0, "next", r.Next)
}

func rowsOf(n int64) string {
	if n == 0 {
		return ""
	}
	return ", " + plural(n, "row", "rows")
}

// dryRun shows the steps that would run now.
func (g *page) dryRun(pl *plans.Plan, steps []plans.Step) {
	if len(steps) == 0 {
		g.line("%s (%s): nothing is left to do", pl.Name, pl.ID)
		return
	}
	g.line("%s (%s): %s would run now; nothing was run", g.style.bold(pl.Name), pl.ID, plural(int64(len(steps)), "step", "steps"))
	for _, st := range steps {
		g.gap()
		g.step(pl, st, true)
	}
}

// runs shows a list of runs.
func (g *page) runs(list []state.Run) {
	if len(list) == 0 {
		g.line("no runs")
		return
	}
	var rows [][]string
	for _, r := range list {
		rows = append(rows, []string{r.ID, r.Name, string(r.Status), tables(r), moment(r.Updated), r.Creator})
	}
	g.table(0, []string{"RUN", "NAME", "STATUS", "TABLES", "UPDATED", "BY"}, rows)
}

func tables(r state.Run) string {
	var out []string
	for _, t := range r.Tables {
		out = append(out, t.String())
	}
	return strings.Join(out, ", ")
}

// report shows all that is known about a run.
func (g *page) report(r engine.Report, verbose bool) {
	g.line("%s  %s", g.style.bold(r.Name), g.style.dim("run "+r.ID))
	g.gap()
	g.labeled(0, "status", statusWords(r))
	g.labeled(0, "message", r.Message)
	g.labeled(0, "tables", tables(r.Run))
	g.labeled(0, "plan", r.PlanHash)
	g.labeled(0, "by", r.Creator+", "+moment(r.Created))
	g.labeled(0, "updated", moment(r.Updated))
	g.labeled(0, "way back", wayBack(r))
	g.stepRecords(r.Steps)
	g.progressOf(r.Segments)
	g.artifacts("artifacts", r.Artifacts)
	g.approvals(r.Approvals)
	g.evidence(r.Evidence, verbose)
}

func statusWords(r engine.Report) string {
	s := string(r.Status)
	switch {
	case r.Control.Abort:
		s += ", abort asked for by " + r.Control.By
	case r.Control.Paused:
		s += ", paused by " + r.Control.By
	}
	if r.Control.MaxRate > 0 {
		s += fmt.Sprintf(", at most %s rows/s", number(int64(r.Control.MaxRate)))
	}
	if r.Control.Limits != (state.Limits{}) {
		s += ", " + r.Control.Limits.String()
	}
	return s
}

func wayBack(r engine.Report) string {
	switch {
	case r.Status == state.Done:
		return "closed: the old side is dropped"
	case r.Unreturnable > 0:
		return fmt.Sprintf("rollback would lose %s (see --output json for the keys)", plural(r.Unreturnable, "row", "rows"))
	case r.Revertible:
		return "open: rollback loses nothing"
	}
	return "nothing to take back"
}

func (g *page) stepRecords(list []state.StepRecord) {
	if len(list) == 0 {
		return
	}
	var rows [][]string
	for _, s := range list {
		rows = append(rows, []string{s.Step, string(s.State), dash(s.Rows), moment(s.Started), moment(s.Ended), s.Note})
	}
	g.gap()
	g.table(0, []string{"STEP", "STATE", "ROWS", "STARTED", "ENDED", "NOTE"}, rows)
}

func dash(n int64) string {
	if n == 0 {
		return "-"
	}
	return number(n)
}

func (g *page) progressOf(list []state.Segment) {
	rows, done := int64(0), 0
	for _, s := range list {
		rows += s.Rows
		if s.Done {
			done++
		}
	}
	if done == len(list) {
		return // the step's own line tells more
	}
	g.gap()
	g.labeled(0, "backfill", fmt.Sprintf("%s walked, %d of %d ranges done", plural(rows, "row", "rows"), done, len(list)))
}

func (g *page) artifacts(head string, list []dialect.Artifact) {
	if len(list) == 0 {
		return
	}
	g.gap()
	var rows [][]string
	for _, a := range list {
		name := a.Name
		if a.Detail != "" {
			name += " (" + a.Detail + ")"
		}
		rows = append(rows, []string{a.Kind, a.Table.String(), name, cmp.Or(a.Run, "?")})
	}
	g.line("%s", g.style.bold(head))
	g.table(2, []string{"KIND", "TABLE", "NAME", "RUN"}, rows)
}

func (g *page) approvals(list []state.Approval) {
	if len(list) == 0 {
		return
	}
	var rows [][]string
	for _, a := range list {
		rows = append(rows, []string{string(a.Phase), a.By, moment(a.At), short(a.PlanHash), a.Note})
	}
	g.gap()
	g.table(0, []string{"APPROVED", "BY", "AT", "PLAN", "NOTE"}, rows)
}

// shownEvidence is how many entries are shown unless all are asked for.
const shownEvidence = 8

func (g *page) evidence(list []state.Evidence, all bool) {
	if len(list) == 0 {
		return
	}
	head := list[len(list)-1].Hash
	left := 0
	if !all && len(list) > shownEvidence {
		left = len(list) - shownEvidence
	}
	var rows [][]string
	for _, e := range list[left:] {
		rows = append(rows, []string{fmt.Sprint(e.Seq), string(e.Phase), e.Kind, e.State, moment(e.At), e.Reason})
	}
	g.gap()
	g.table(0, []string{"EVIDENCE", "PHASE", "KIND", "STATE", "AT", "REASON"}, rows)
	if left > 0 {
		g.line("%s", g.style.dim(fmt.Sprintf("%d earlier entries: --verbose", left)))
	}
	g.labeled(0, "head", head)
}

// gates shows verdicts.
func (g *page) gates(list []engine.GateResult) {
	if len(list) == 0 {
		g.line("no gates")
		return
	}
	before, name := 0, 0
	for _, r := range list {
		before = max(before, utf8.RuneCountInString(gateBefore(r)))
		name = max(name, utf8.RuneCountInString(gateName(r.Gate)))
	}
	for _, r := range list {
		g.line("%s %s %s %s", mark(g.style, r.Verdict.State), pad(gateBefore(r), before+1), pad(gateName(r.Gate), name+1), word(g.style, r.Verdict.State))
		g.labeled(2, "because", r.Verdict.Reason)
	}
}

// gateBefore is what the gate stands before: a phase, or one step of it.
func gateBefore(r engine.GateResult) string { return cmp.Or(r.Step, string(r.Phase)) }

func word(st style, s gate.State) painted {
	switch s {
	case gate.Pass:
		return st.green("pass")
	case gate.Fail:
		return st.red("fail")
	}
	return st.yellow(string(s))
}

// verified shows a comparison of every row.
func (g *page) verified(r engine.VerifyResult) {
	var rows [][]string
	for _, t := range r.Tables {
		rows = append(rows, []string{t.Table, t.Columns, number(t.Rows), number(t.Differ), number(t.Unreturnable), duration(t.Elapsed)})
	}
	g.table(0, []string{"TABLE", "COLUMNS", "ROWS", "DIFFER", "CAN'T GO BACK", "TIME"}, rows)
	for _, t := range r.Tables {
		g.labeled(0, "differ", strings.Join(t.Keys, ", "))
		if t.Repaired > 0 {
			g.labeled(0, "repaired", number(t.Repaired)+": "+strings.Join(t.RepairedKeys, ", "))
		}
	}
}

// cleaned shows what was removed, or would be.
func (g *page) cleaned(r engine.CleanupResult) {
	if len(r.Removed) == 0 && len(r.Runs) == 0 {
		g.line("nothing to remove")
		return
	}
	verb := "removed"
	if r.DryRun {
		verb = "would be removed"
	}
	for _, a := range r.Removed {
		g.line("%s: %s %s on %s (run %s)", verb, a.Kind, a.Name, a.Table, cmp.Or(a.Run, "?"))
		if r.DryRun {
			g.sql("sql", a.Remove)
		}
	}
	for _, id := range r.Runs {
		g.line("%s: the records of run %s", verb, id)
	}
}

// advice shows what a check of the server found.
func (g *page) advice(list []dialect.Advice) {
	for _, a := range list {
		g.line("%s %s", adviceMark(g.style, a), a.Check)
		if !a.OK || a.Detail != "" {
			g.labeled(4, "found", a.Detail)
		}
		if !a.OK && a.Fix != "" {
			g.sql("mend", []string{a.Fix})
		}
	}
}

func adviceMark(s style, a dialect.Advice) painted {
	switch {
	case a.OK:
		return s.green("✓")
	case a.Fatal:
		return s.red("✗")
	}
	return s.yellow("!")
}
