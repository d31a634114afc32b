package plans

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// assumes lists the bounds that the plan rests on. Sizes get room: ten times the
// next power of ten of what was seen, because a table that grew by a few rows is the same
// table and one that grew a hundredfold is another decision.
func (b *builder) assumes(p *Plan) []Assume {
	v := b.facts.Server
	out := []Assume{
		{What: "product", Value: v.Product},
		{What: "version", Value: series(v.Number)},
	}
	if v.Modes != "" {
		out = append(out, Assume{What: "modes", Value: v.Modes})
	}
	for _, id := range p.Tables() {
		t, _ := b.facts.Table(id)
		if p.MayMiss(id) { // what it is during the run is the acts' affair
			out = append(out, Assume{What: "table", Table: id, Lines: t.Lines()})
			continue
		}
		if !p.Copied(id) { // a shadow is as safe for a table of any size
			out = append(out, Assume{What: "rows", Table: id, Max: room(t.Rows)}, Assume{What: "bytes", Table: id, Max: room(max(t.Bytes, littleBytes))})
		}
		out = append(out,
			Assume{What: "table", Table: id, Lines: t.Lines()},
			Assume{What: "rest", Table: id, Lines: p.rest(t)})
	}
	for i := range p.Alters {
		if r := p.Alters[i].Result; r != nil && !p.Alters[i].Rewrite { // a table that is written anew stays what it is
			out = append(out, Assume{What: "result", Table: p.Alters[i].Table, Lines: r})
		}
	}
	return out
}

// series is the version without its patch level: a patch update in mid-run is no
// drift. A server that counts by one number before the patch has no second one.
func series(number int) string {
	return strings.TrimSuffix(fmt.Sprintf("%d.%d", number/10000, number/100%100), ".0")
}

// littleBytes is a size below which no decision changes. A server's count of bytes may be of
// before the rows came, and catch up between a plan and its first step.
const littleBytes = 100_000_000

func room(n int64) int64 {
	if n < 10_000 {
		n = 10_000
	}
	return int64(math.Pow10(int(math.Ceil(math.Log10(float64(n))))+1) + 0.5)
}

// Touched lists the columns of a table that the plan changes, under every name
// they have at any time, and the names of everything else that it creates there.
func (p *Plan) Touched(id schema.Ident) (columns, own []string) {
	for i := range p.Syncs {
		if slices.Contains(p.Syncs[i].Tables(), id) {
			columns = append(columns, p.Syncs[i].Columns()...)
			own = append(own, p.Syncs[i].Owns()...)
		}
	}
	for i := range p.Recipes {
		if p.Recipes[i].Table == id {
			columns = append(columns, p.Recipes[i].Columns...)
			own = append(own, p.Recipes[i].Objects...)
		}
	}
	return columns, own
}

// rest is what no step of the plan touches: neither what the table itself gets or loses, nor foreign keys that steps on other tables
// have point at it.
func (p *Plan) rest(t *schema.Table) []string {
	cols, own := p.Touched(t.Ident)
	var others []string
	for _, id := range p.Tables() {
		if id != t.Ident {
			_, names := p.Touched(id)
			others = append(others, names...)
		}
	}
	return slices.DeleteFunc(p.settled(t).Rest(cols, own), func(line string) bool {
		return strings.Contains(line, " incoming=true ") && slices.ContainsFunc(others, func(n string) bool { return strings.HasPrefix(line, fmt.Sprintf("constraint %q ", n)) })
	})
}

// settled is a table as it is when its foreign keys are validated again: those that go over with a copy are not valid for a moment behind its exchange,
// also where another table has them.
func (p *Plan) settled(t *schema.Table) *schema.Table {
	if !slices.ContainsFunc(p.Alters, func(a Alter) bool { return a.Way == Shadow && (a.Table != t.Ident || a.Rewrite) }) {
		return t
	}
	s := *t
	s.Constraints = slices.Clone(t.Constraints)
	for i := range s.Constraints {
		if c := &s.Constraints[i]; c.Kind == schema.ForeignKey {
			c.NotValid, c.Definition = false, strings.TrimSuffix(c.Definition, " NOT VALID")
		}
	}
	return &s
}

// CheckServer compares the live server with the plan.
func (p *Plan) CheckServer(v schema.Server, dialect string) error {
	var diff []string
	if dialect != p.Dialect {
		diff = append(diff, "- dialect "+p.Dialect, "+ dialect "+dialect)
	}
	for _, a := range p.Assumes {
		got := map[string]string{"product": v.Product, "version": series(v.Number), "modes": v.Modes}[a.What]
		switch a.What {
		case "product", "version", "modes":
			if got != a.Value {
				diff = append(diff, fmt.Sprintf("- %s %s", a.What, a.Value), fmt.Sprintf("+ %s %s", a.What, got))
			}
		}
	}
	if len(diff) > 0 {
		return &DriftError{What: "the server is not what the plan was made for", Diff: diff}
	}
	return nil
}

// CheckTable compares a live table with the plan. Before the first step of a run
// (fresh) the whole description must be as planned; later the rest, which no
// step of this plan touches.
func (p *Plan) CheckTable(t *schema.Table, fresh bool) error {
	var diff []string
	for _, a := range p.Assumes {
		if a.Table != t.Ident {
			continue
		}
		switch a.What {
		case "rows":
			diff = append(diff, above("rows", t.Rows, a.Max)...)
		case "bytes":
			diff = append(diff, above("bytes", t.Bytes, a.Max)...)
		case "table":
			if fresh && !p.saidOtherwise(t) {
				diff = append(diff, schema.Difference(a.Lines, t.Lines())...)
			}
		case "rest":
			if (!fresh || p.saidOtherwise(t)) && !p.changed(t) {
				diff = append(diff, schema.Difference(a.Lines, p.rest(t))...)
			}
		}
	}
	if len(diff) > 0 {
		return &DriftError{What: "table " + t.Ident.String() + " is not what the plan was made for", Diff: diff}
	}
	return nil
}

// changed reports whether the table has the shape that an ALTER TABLE of the plan
// gives it. Its constraints' and dependents' names are the server's own affair.
func (p *Plan) changed(t *schema.Table) bool {
	for _, a := range p.Assumes {
		if a.What == "result" && a.Table == t.Ident && len(schema.Difference(a.Lines, p.withoutHelpers(t))) == 0 {
			return true
		}
	}
	return false
}

// withoutHelpers is the shape that a table has but for indexes that a copy needs for a while.
func (p *Plan) withoutHelpers(t *schema.Table) []string {
	n := slices.IndexFunc(p.Alters, func(a Alter) bool { return a.Table == t.Ident })
	if n < 0 {
		return Shape(t)
	}
	a := &p.Alters[n]
	return slices.DeleteFunc(a.Shows(t), func(line string) bool {
		return a.Helper != "" && strings.HasPrefix(line, fmt.Sprintf("index %q ", a.Helper))
	})
}

// Shows is what of a table tells whether it has the new shape. Names of constraints are left out: a copy has others.
func (a *Alter) Shows(t *schema.Table) []string {
	out := Shape(t)
	if !a.Whole {
		return out
	}
	var order []string
	for _, c := range t.Columns {
		order = append(order, fmt.Sprintf("%q", c.Name))
		if c.Comment != "" {
			out = append(out, fmt.Sprintf("comment of column %q: %q", c.Name, c.Comment))
		}
	}
	for _, c := range t.Constraints {
		if !c.Incoming {
			out = append(out, fmt.Sprintf("constraint kind=%s not_valid=%t columns=%s %s", c.Kind, c.NotValid, strings.Join(c.Columns, ","), c.Definition))
		}
	}
	out = append(out, "order of columns "+strings.Join(order, ","), fmt.Sprintf("table storage=%s comment %q", t.Storage, t.Comment))
	slices.Sort(out)
	return out
}

// Shape is the part of a description that an ALTER TABLE decides alone.
func Shape(t *schema.Table) []string {
	var out []string
	for _, l := range t.Lines() {
		if strings.HasPrefix(l, "column ") || strings.HasPrefix(l, "index ") {
			out = append(out, l)
		}
	}
	return out
}

func above(what string, got, limit int64) []string {
	if got <= limit {
		return nil
	}
	return []string{fmt.Sprintf("- %s ≤ %d", what, limit), fmt.Sprintf("+ %s %d", what, got)}
}
