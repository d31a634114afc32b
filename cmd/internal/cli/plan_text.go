package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/phasemig/phasemig/plans"
)

// plan shows a plan as it is reviewed on a terminal.
func (g *page) plan(pl *plans.Plan, ways []plans.Considered, verbose bool) {
	g.line("%s  %s", g.style.bold("PLAN "+pl.Name), g.style.dim("run "+pl.ID))
	g.gap()
	for _, o := range pl.Operations {
		g.labeled(0, "change", o.Words())
	}
	g.labeled(0, "server", server(pl))
	if age := factsAge(pl, time.Now()); age != "" {
		g.labeled(0, "facts", age)
	}
	g.labeled(0, "strategy", strategyWords(pl.Strategy))
	g.labeled(0, "replicas", cmp.Or(strings.Join(pl.Replicas, ", "), "not said"))
	g.labeled(0, "hash", pl.Hash)
	for _, r := range pl.Rollouts {
		g.labeled(0, "rollout", rollout(r))
	}
	for i, n := range pl.Notes {
		label := ""
		if i == 0 {
			label = "notes"
		}
		g.labeled(0, label, n)
	}
	g.considered(ways)
	g.gap()
	g.timeline(pl)
	for _, ph := range pl.Phases {
		g.gap()
		g.phase(pl, ph, verbose)
	}
	g.gap()
	g.assumptions(pl)
}

func (g *page) phase(pl *plans.Plan, ph plans.Phase, verbose bool) {
	g.line("%s  %s", g.style.bold(strings.ToUpper(string(ph.Name))), g.style.dim(reversible(ph)))
	g.labeled(2, "app", ph.Code.Before)
	g.labeled(2, "gates", gateNames(ph.Gates))
	g.labeled(2, "disk", room(ph.Estimate))
	g.labeled(2, "replicas", replay(ph.Estimate))
	for _, st := range ph.Steps {
		g.gap()
		g.step(pl, st, verbose)
	}
	if len(ph.Steps) == 0 {
		g.gap()
		g.line("  %s", g.style.dim(idle(pl)))
	}
	g.gap()
	g.labeled(2, "app then", ph.Code.After)
}

// idle says what a phase without steps is for.
func idle(pl *plans.Plan) string {
	if len(pl.Recipes) > 0 && len(pl.Syncs) == 0 {
		return "nothing is done on the server"
	}
	return "nothing is done on the server: the gates prove that code may use the new side"
}

func (g *page) step(pl *plans.Plan, st plans.Step, verbose bool) {
	g.stepHead(st.ID, doing(pl, st))
	if len(st.Gates) > 0 {
		g.labeled(4, "gates", gateNames(st.Gates))
	}
	g.labeled(4, "lock", lock(st.Lock))
	g.labeled(4, "work", work(st))
	g.labeled(4, "because", st.Because)
	if !st.Reversible {
		g.labeled(4, "no undo", "from here on there is no way back")
	}
	if verbose {
		g.sql("sql", st.SQL)
		g.sql("undo", st.Undo)
	}
}

// stepHead writes what a step does beside its id, or below it where the line is
// too short.
func (g *page) stepHead(id, does string) {
	if 4+utf8.RuneCountInString(id+does) <= g.width {
		g.line("  %s  %s", g.style.cyan(id), does)
		return
	}
	g.line("  %s", g.style.cyan(id))
	for _, l := range wrap(does, g.width-4) {
		g.line("    %s", l)
	}
}

// sql shows statements as they are: a wrapped statement can't be copied.
func (g *page) sql(label string, list []string) {
	for _, s := range list {
		for i, l := range strings.Split(strings.TrimRight(s, "\n; \t")+";", "\n") {
			head := strings.Repeat(" ", 10)
			if i == 0 {
				head = string(g.style.dim(pad(label, 10)))
			}
			g.line("    %s%s", head, l)
		}
	}
}

func (g *page) assumptions(pl *plans.Plan) {
	g.line("%s  %s", g.style.bold("ASSUMES"), g.style.dim("read again before each step; if one doesn't hold, nothing is run (exit 5)"))
	for _, a := range pl.Assumes {
		if w := assumption(a); w != "" {
			g.line("  %s", w)
		}
	}
}

func assumption(a plans.Assume) string {
	switch {
	case a.Max > 0 && a.What == "bytes":
		return fmt.Sprintf("%s: size ≤ %s", a.Table, size(a.Max))
	case a.Max > 0:
		return fmt.Sprintf("%s: %s ≤ %s", a.Table, a.What, number(a.Max))
	case a.What == "table":
		return fmt.Sprintf("%s: columns, indexes, constraints and triggers as planned (%d lines)", a.Table, len(a.Lines))
	case a.What == "rest":
		return ""
	case a.Value != "":
		return fmt.Sprintf("%s: %s", a.What, a.Value)
	}
	return ""
}

// server says what the plan was made for, in the words of its assumptions.
func server(pl *plans.Plan) string {
	var words []string
	for _, what := range []string{"product", "version"} {
		for _, a := range pl.Assumes {
			if a.What == what {
				words = append(words, a.Value)
			}
		}
	}
	if len(words) == 0 {
		return pl.Dialect
	}
	return strings.Join(words, " ")
}

func strategyWords(s string) string {
	if s == "sync" {
		return "sync: new columns beside the old ones, both kept in step both ways"
	}
	return s
}

// rollout is the recommended way to bring the code out.
func rollout(r plans.Rollout) string {
	return fmt.Sprintf("%s for %s. %s", r.Strategy, r.Change, r.Because)
}

func reversible(ph plans.Phase) string {
	switch {
	case ph.Until != "":
		return "reversible until " + ph.Until
	case ph.Reversible:
		return "reversible"
	}
	return "not reversible"
}

func gateNames(list []plans.GateRef) string {
	var out []string
	for _, g := range list {
		out = append(out, gateName(g))
	}
	return cmp.Or(strings.Join(out, ", "), "none")
}

func gateName(g plans.GateRef) string {
	var params []string
	for k, v := range g.Params {
		params = append(params, fmt.Sprintf("%s %v", k, v))
	}
	if len(params) == 0 {
		return g.Kind
	}
	slices.Sort(params)
	return g.Kind + " (" + strings.Join(params, ", ") + ")"
}

func lock(l plans.Lock) string {
	s := cmp.Or(l.Level, "none")
	switch b := blocks(l); b {
	case "nothing":
		s += " · blocks neither reads nor writes"
	default:
		s += " · blocks " + b
	}
	if l.BoundedMS > 0 {
		s += fmt.Sprintf(" for at most %s", seconds(float64(l.BoundedMS)/1000))
	}
	return s
}

func blocks(l plans.Lock) string {
	switch {
	case l.BlocksReads && l.BlocksWrites:
		return "reads and writes"
	case l.BlocksReads:
		return "reads"
	case l.BlocksWrites:
		return "writes"
	}
	return "nothing"
}

// work says how much a step touches, and how long that may take.
func work(st plans.Step) string {
	var out []string
	if st.Rewrites {
		out = append(out, "rewrites the table")
	} else if st.Scans {
		out = append(out, "reads the whole table")
	}
	if e := estimate(st.Estimate); e != "" {
		out = append(out, e)
	}
	return strings.Join(out, " · ")
}

// room is what a phase needs of the disk; "": nothing to speak of.
func room(e plans.Estimate) string {
	if e.DiskBytes == 0 {
		return ""
	}
	return "about " + size(e.DiskBytes) + " more than now, besides the log"
}

// replay is a replica's share in a phase; "": nothing to speak of.
func replay(e plans.Estimate) string {
	var out []string
	if e.ReplayRows > 0 {
		out = append(out, "apply about "+plural(e.ReplayRows, "change of a row", "changes of rows"))
	}
	if e.ReplaySeconds >= 1 {
		out = append(out, "fall behind by ~"+seconds(e.ReplaySeconds)+" while they do the same")
	}
	return strings.Join(out, "; ")
}

func estimate(e plans.Estimate) string {
	var out []string
	if e.Rows > 0 {
		out = append(out, "about "+plural(e.Rows, "row", "rows"))
	}
	if e.Bytes > 0 {
		out = append(out, size(e.Bytes))
	}
	if e.Seconds > 0 {
		out = append(out, "~"+seconds(e.Seconds))
	}
	return strings.Join(out, ", ")
}
