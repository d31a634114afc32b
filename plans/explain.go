package plans

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// Considered is one way in which a change could be done, and why it is the plan's or is not.
type Considered struct {
	// Of is the table that it is about, where the plan does several things in ways of their own.
	Of      string
	Way     string // native, sync or shadow; native ones by how the server does it
	Chosen  bool
	Because string
	Instead string // what would have to be otherwise; empty: nothing would help
}

// Explain tells of every way that was considered for a plan, the chosen one among them. It is pure, and
// takes what Build has made the plan of.
func Explain(c Change, f *Facts, r Rules, p *Plan) []Considered {
	e := explainer{builder{change: c, facts: f, rules: r}, p}
	if _, copies := p.Shadowed(); len(p.Alters) > 1 || copies && len(p.Syncs)+len(p.Recipes) > 0 {
		return e.each()
	}
	var out []Considered
	for _, way := range []string{string(Native), "sync", string(Shadow)} {
		switch {
		case way == string(Native) && len(p.Alters) > 0:
			out = append(out, e.byServer(&p.Alters[0])...)
		case way == p.Strategy:
			out = append(out, Considered{Way: way, Chosen: true, Because: e.chosen()})
		default:
			out = append(out, e.other(way))
		}
	}
	return out
}

// each tells it of every table by itself: what stands against a way stands against it there.
func (e explainer) each() []Considered {
	var out []Considered
	add := func(of string, list ...Considered) {
		for _, c := range list {
			c.Of = of
			out = append(out, c)
		}
	}
	for i := range e.p.Syncs {
		s := &e.p.Syncs[i]
		add(s.Table.Name+"."+names(s.Old), Considered{Way: "sync", Chosen: true, Because: bySync})
	}
	for i := range e.p.Recipes {
		r := &e.p.Recipes[i]
		add(r.Table.Name+", "+r.Operation, Considered{Way: string(Native), Chosen: true, Because: byRecipe})
	}
	for i := range e.p.Alters {
		a := &e.p.Alters[i]
		add(a.Table.Name, e.byServer(a)...)
		add(a.Table.Name, e.onCopy(a))
	}
	return out
}

// onCopy is the shadow of one table among others.
func (e explainer) onCopy(a *Alter) Considered {
	if a.Way == Shadow {
		return Considered{Way: string(Shadow), Chosen: true, Because: e.copied(a)}
	}
	for _, o := range e.change.Operations {
		t, ok := e.facts.Table(o.Table())
		if !ok || t.Ident != a.Table {
			continue
		}
		if sql, err := e.asAlter(t, o); err == nil && sql == a.SQL {
			e.change.Operations = []Operation{o}
			break
		}
	}
	return e.other(string(Shadow))
}

type explainer struct {
	builder
	p *Plan
}

// chosen says why the plan goes its way: what was asked for, or that nothing else does it.
func (e explainer) chosen() string {
	switch {
	case e.change.Strategy == e.p.Strategy:
		return "it was asked for"
	case len(e.p.Recipes) > 0 && len(e.p.Syncs) == 0:
		return byRecipe
	case len(e.p.Syncs) > 0:
		return bySync
	}
	return e.copied(&e.p.Alters[0])
}

// Why a way is the plan's.
const (
	byRecipe = "the server does it by itself, in steps that keep nobody waiting for long"
	bySync   = "old and new code run side by side, each with the columns that it knows"
)

// copied says why a table is copied.
func (e explainer) copied(a *Alter) string {
	switch {
	case a.copies():
		return "there is no way but a copy"
	case e.change.Strategy == string(Shadow):
		return "it was asked for"
	}
	return "it keeps nobody waiting, and the old table can take its place again"
}

// other is a way that the plan doesn't go, as Build sees it when it is asked for.
func (e explainer) other(way string) Considered {
	c := e.change
	c.Strategy = way
	p, err := Build(c, e.facts, e.rules)
	if err != nil {
		why, instead := against(err)
		if strings.HasPrefix(instead, "--strategy auto") {
			instead = "" // that is the plan
		}
		return Considered{Way: way, Because: why, Instead: instead}
	}
	return Considered{Way: way, Because: "it costs more: " + costWords(p), Instead: "--strategy " + way}
}

// against are the words of an error of Build.
func against(err error) (why, instead string) {
	var refused *RefusedError
	var input *InputError
	switch {
	case errors.As(err, &refused):
		return refused.Reason, refused.Hint
	case errors.As(err, &input):
		return input.Reason, input.Hint
	}
	return err.Error(), ""
}

// costWords say what a plan does to the tables' rows.
func costWords(p *Plan) string {
	var e Estimate
	rewrites := false
	for _, ph := range p.Phases {
		for _, st := range ph.Steps {
			e.Rows, e.Bytes = max(e.Rows, st.Estimate.Rows), max(e.Bytes, st.Estimate.Bytes)
			e.Seconds += st.Estimate.Seconds
			rewrites = rewrites || st.Rewrites
		}
	}
	var out []string
	if rewrites {
		out = append(out, "the table is rewritten")
	}
	if e.Rows > 0 {
		out = append(out, fmt.Sprintf("about %d rows are copied or read", e.Rows))
	}
	if e.Bytes > 0 {
		out = append(out, fmt.Sprintf("%d MiB", max(e.Bytes>>20, 1)))
	}
	if e.Seconds >= 1 {
		out = append(out, fmt.Sprintf("about %.0f s", e.Seconds))
	}
	if len(out) == 0 {
		return "more steps for the same end"
	}
	return strings.Join(out, ", ")
}

// byServer are the ways in which the server does an ALTER TABLE by itself, the cheapest first.
func (e explainer) byServer(a *Alter) []Considered {
	if a.copies() {
		return []Considered{{Way: string(Native), Because: "the server has no way of its own to do that while the table is used"}}
	}
	t, _ := e.facts.Table(a.Table)
	seen, _ := e.facts.Alter(a.Table, a.SQL)
	instant := Considered{Way: "native, by metadata alone", Because: cmp.Or(seen.NotInstant, t.NoInstant)}
	online := Considered{Way: "native, while reads and writes go on", Because: seen.NotOnline}
	for _, w := range e.rules.NativeWays(e.facts, t, &seen) {
		if instant.Because == "" && w.Grows == "" {
			e.open(a, w, &instant)
		} else {
			e.open(a, w, &online)
		}
	}
	out := []Considered{instant}
	if online.Because != "" && online.Because != instant.Because {
		out = append(out, online)
	}
	if instant.Chosen || online.Chosen {
		return out
	}
	return append(out, e.blocking(a, t))
}

// open notes of a way that nothing stands against whether the plan takes it.
func (e explainer) open(a *Alter, w NativeWay, as *Considered) {
	switch {
	case a.Way == Native && w.Prefix == a.Prefix && (w.Prefix != "" || w.Grows == ""):
		as.Chosen, as.Because = true, "nothing that grows with the table is done under a lock"
	case e.change.Strategy == string(a.Way):
		as.Because = "--strategy " + e.change.Strategy + " was asked for"
	case w.Grows != "":
		as.Because = w.Grows + ", and replicas wait for as long"
		if a.Prefix == "" { // no cheaper one is taken
			as.Instead = "--strategy native"
		}
	default:
		as.Because = "a cheaper way is open"
	}
}

// blocking is the way of a table that is small.
func (e explainer) blocking(a *Alter, t *schema.Table) Considered {
	out := Considered{Way: "native, while writes may wait"}
	switch {
	case a.Way == Native:
		out.Chosen, out.Because = true, fmt.Sprintf("the table is small (%d KiB): whoever waits, waits for a moment", max(t.Bytes>>10, 1))
	case e.change.Strategy == string(Shadow):
		out.Because = "--strategy shadow was asked for"
	default:
		out.Because = fmt.Sprintf("the table has %d MiB; only up to %d MiB may it keep anybody waiting", t.Bytes>>20, int64(smallBytes)>>20)
	}
	return out
}
