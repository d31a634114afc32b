package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

// triggersOfRoutine looks at a new body of a function that triggers call already.
func (c *call) triggersOfRoutine(n *pg.CreateFunctionStmt) {
	if n.ReturnType == nil || typeOf(n.ReturnType).name != "trigger" {
		return
	}
	for _, o := range c.catalog.Objects.All("trigger") {
		if slices.Contains(o.Uses, lint.Use{Other: "function " + lastName(n.Funcname)}) {
			c.missingField(writtenBody(n), o.On)
		}
	}
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
