package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

// triggersOfRoutine looks at a new body of a function that triggers call already.
func (c *call) triggersOfRoutine(n *pg.CreateFunctionStmt) {
	if n.ReturnType == nil || typeOf(n.ReturnType).name != "trigger" {
		c.failsWhenCalled(n)
		return
	}
	for _, o := range c.catalog.Objects.All("trigger") {
		if slices.Contains(o.Uses, lint.Use{Other: "function " + lastName(n.Funcname)}) {
			c.missingField(writtenBody(n), o.On)
			c.failsWhenFired(writtenBody(n), o.On, o.Names, true)
		}
	}
}

// failsWhenCalled looks at the new body of a routine that clients may call already.
func (c *call) failsWhenCalled(n *pg.CreateFunctionStmt) {
	o := routineOf(n)
	if !slices.ContainsFunc(c.routinesNamed(o.ID), func(old *lint.Object) bool { return !old.Fresh && slices.Equal(old.Args, o.Args) }) || !isBlock(writtenBody(n)) {
		return
	}
	if why := c.bodyFault(writtenBody(n), true, nil, o.Names...); why != "" {
		c.report(said{message: fmt.Sprintf("running clients that call %s fail: %s", quoted(o.ID), why), safe: "Make what the body names first: PL/pgSQL looks for it only when it runs."})
	}
}

// failsWhenFired looks at the statements of a trigger's function, which sees tables of old and new rows under some names; with raises also at
// a RAISE that nothing stands before.
func (c *call) failsWhenFired(body string, k *lint.Relation, rows []string, raises bool) {
	if k == nil || k.Fresh || !isBlock(body) {
		return
	}
	var seen []*lint.Relation
	for _, n := range rows {
		r := *k
		r.Ident.Name = n
		seen = append(seen, &r)
	}
	if why := c.bodyFault(body, raises, seen); why != "" {
		c.report(said{message: fmt.Sprintf("writes of running clients to %s fail, as the trigger does: %s", quoted(k.Ident), why), safe: "Make what the body names first: PL/pgSQL looks for it only when it runs."})
	}
}

// bodyFault says why a body fails when it runs, which is after the transaction at hand: its statements are judged against a copy of what there is
// then, and what the body alone sees. Nothing that the trial meets may be taken for met by the file.
func (c *call) bodyFault(body string, raises bool, seen []*lint.Relation, parameters ...string) string {
	later := *c.judge
	later.catalog = c.catalog.Clone()
	later.routines, later.volatile = maps.Clone(c.routines), maps.Clone(c.volatile)
	later.said, later.tx = maps.Clone(c.said), transaction{}
	for _, s := range c.rest() {
		if p, err := later.parse(s.Text); err == nil && p.node != nil && p.node.GetTransactionStmt() == nil {
			later.apply(p)
		}
	}
	for _, r := range seen {
		later.catalog.Put(r)
	}
	for _, f := range later.body(body, c.s, parameters...) {
		if later.kind(f.Rule) == lint.Fails && f.Severity == lint.Error && (raises || !strings.Contains(f.Message, "raises an exception")) {
			return strings.TrimPrefix(f.Message, "this fails: ")
		}
	}
	return ""
}

// missingField reports a field of NEW or OLD that isn't a column of the trigger's table. A body that asks for which table it runs may be meant
// for others.
func (c *call) missingField(body string, k *lint.Relation) {
	if !whole(k) || k.Fresh || k.Kind != "table" || len(caught(body)) > 0 {
		return
	}
	t := Syntax.Tokens(body)
	if slices.ContainsFunc(t, func(x lint.Token) bool {
		return x.Is("TG_TABLE_NAME") || x.Is("TG_RELNAME") || x.Is("TG_RELID") || x.Is("TG_ARGV")
	}) {
		return
	}
	for i := range t {
		if i+2 >= len(t) || !t[i].Is("NEW") && !t[i].Is("OLD") || !t[i+1].Is(".") || i > 0 && t[i-1].Is(".") {
			continue
		}
		if f := t[i+2]; (f.Kind == lint.Word || f.Kind == lint.Quoted) && k.Column(folded(f)) == nil {
			c.report(said{message: fmt.Sprintf("the trigger names %s.%s, and %s has no column %s: writes of running clients fail", t[i].Text, f.Text, quoted(k.Ident), f.Text),
				safe: "Add the column before the function that names it, in a release of its own."})
			return
		}
	}
}

// folded is a name as the server reads it: in lower case, unless it is quoted.
func folded(t lint.Token) string {
	if t.Kind == lint.Word {
		return strings.ToLower(t.Text)
	}
	return t.Value()
}

// transitionNames are those under which a trigger's function sees all old or new rows of a statement.
func transitionNames(n *pg.CreateTrigStmt) []string {
	var out []string
	for _, t := range n.TransitionRels {
		if r := t.GetTriggerTransition(); r != nil && r.IsTable {
			out = append(out, r.Name)
		}
	}
	return out
}
