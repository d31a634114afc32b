package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// namedState is about what has a name of its own beside the tables.
func (c *call) namedState() []string {
	var out []string
	switch c.verb {
	case "DROP TRIGGER":
		name := lastName(c.name)
		if _, t := c.findTrigger(name); t == nil && c.knowsAll() && !c.ifExists && !strings.Contains(c.name, ".") {
			out = append(out, "there is no trigger "+name)
		}
	case "DROP PROCEDURE", "DROP FUNCTION", "ALTER PROCEDURE", "ALTER FUNCTION", "CALL":
		kind := strings.Fields(c.verb + " PROCEDURE")[1] // CALL
		if !c.ifExists && c.name != "" && c.missingKind(c.name, kind) {
			out = append(out, "there is no such routine as "+c.name)
		}
		if r := c.routine(c.name); c.verb == "CALL" && r != nil && c.word == "(" {
			if n := arguments(r.Options["definition"]); n >= 0 && n != len(values(c.body)) {
				out = append(out, fmt.Sprintf("%s takes %d arguments", c.name, n))
			} else if n := givesBack(r.Options["definition"], values(c.body)); n != "" {
				out = append(out, c.name+" gives "+n+" back, and wants a variable for it")
			}
		}
	case "ALTER SEQUENCE":
		if c.missing(c.table) && !c.ifExists {
			out = append(out, "there is no sequence "+quoted(c.table))
		}
	case "ALTER EVENT":
		if c.missingRoutine("event " + lastName(c.name)) {
			out = append(out, "there is no event "+c.name)
		}
	case "DROP EVENT":
		if !c.ifExists && c.missingRoutine("event "+lastName(c.name)) {
			out = append(out, "there is no event "+c.name)
		}
	}
	return out
}

// selectFaults looks at the table and the columns of a query that is plain enough to tell.
func (c *call) selectFaults() []string {
	t := Syntax.Tokens(c.s.Text)
	froms := 0
	for _, x := range t {
		if x.Is("FROM") || x.Is("JOIN") {
			froms++
		}
	}
	if len(t) == 0 || !t[0].Is("SELECT") || froms != 1 {
		return nil
	}
	q := readQuery(c.s.Text)
	return append(c.queryFaults(q, false, false), c.orderFaults(q, c.s.Text)...)
}

// grantedTable is the table that a GRANT without a database's name is about.
func (c *call) grantedTable() schema.Ident {
	t := Syntax.Tokens(c.body)
	for i := 0; i+2 < len(t); i++ {
		if !t[i].Is("ON") {
			continue
		}
		if t[i+1].Is("TABLE") {
			i++
		}
		if t[i+2].Is("TO") && ident(t[i+1]) {
			return schema.Ident{Name: t[i+1].Value()}
		}
		break
	}
	return schema.Ident{}
}

// grantedColumns says which columns of a GRANT its table doesn't have.
func (c *call) grantedColumns() []string {
	t := Syntax.Tokens(c.body)
	on := slices.IndexFunc(t, func(x lint.Token) bool { return x.Is("ON") })
	if on < 0 || on+1 >= len(t) {
		return nil
	}
	cur := newCursor(c.body[t[on].End:])
	cur.take("TABLE")
	k := c.relation(cur.ident())
	if cur.err != nil || !whole(k) {
		return nil
	}
	var out []string
	for i, depth := 0, 0; i < on; i++ {
		switch {
		case t[i].Is("("):
			depth++
		case t[i].Is(")"):
			depth--
		case depth > 0 && ident(t[i]) && k.Column(t[i].Value()) == nil:
			out = append(out, quoted(k.Ident)+" has no column "+quote(t[i].Value()))
		}
	}
	return out
}

// updatable: rows can be written through a view of this query.
func updatable(query string) bool {
	t := Syntax.Tokens(query)
	for i, x := range t {
		if i+1 < len(t) && t[i+1].Is("(") && aggregate(x.Text) {
			return false
		}
	}
	return !folds(query)
}

func (c *call) viewState(k *lint.Relation) []string {
	q := readQuery(c.body)
	out := append(c.queryFaults(q, true, false), c.orderFaults(q, c.body)...)
	out = append(out, c.nameFaults(c.body)...)
	if why := uneven(c.body); why != "" {
		out = append(out, why)
	}
	if slices.ContainsFunc(q.from, func(id schema.Ident) bool { return id.Schema == "" && same(id.Name, c.table.Name) }) {
		out = append(out, "the view would read itself")
	}
	if t := Syntax.Tokens(c.body); len(t) > 2 && t[len(t)-1].Is("OPTION") && t[len(t)-2].Is("CHECK") && !updatable(c.body) {
		out = append(out, "nothing is written through this view, so that it has no CHECK OPTION")
	}
	if t := Syntax.Tokens(c.body); after(t, "?") || after(t, "OUTFILE", "DUMPFILE") {
		out = append(out, "a view's query has no parameter and no INTO")
	}
	isView := k != nil && k.Kind == "view"
	switch {
	case k != nil && !k.Partial && !isView:
		out = append(out, quoted(c.table)+" is a table")
	case isView && c.verb == "CREATE VIEW" && !c.replace && !c.ifNotExists:
		out = append(out, "there is a view "+quoted(c.table)+" already")
	case c.verb == "ALTER VIEW" && c.missing(c.table):
		out = append(out, "there is no view "+quoted(c.table))
	}
	return out
}

func (c *call) routineState() []string {
	out := append(bodyFaults(c.word, c.body), c.programFaults()...)
	switch c.word {
	case "PROCEDURE", "FUNCTION", "AGGREGATE":
		if r := c.routine(c.name); r != nil && !c.replace && !c.ifNotExists {
			out = append(out, "there is a routine "+quote(c.name)+" already")
		}
		if c.word == "FUNCTION" && strings.Contains(strings.ToUpper(c.body), "RETURNS") && !returns(c.body) {
			out = append(out, "the function holds no RETURN")
		} else if (c.word == "FUNCTION" || c.word == "AGGREGATE") && !(c.ifNotExists && c.routine(c.name) != nil) && !c.trusts && unsafe(c.body) {
			out = append(out, "with the binary log on, a function has to say DETERMINISTIC, NO SQL or READS SQL DATA")
		}
	case "EVENT":
		if r := c.routine("event " + lastName(c.name)); r != nil && !c.replace && !c.ifNotExists {
			out = append(out, "there is an event "+quote(c.name)+" already")
		}
		schedule, _ := eventParts(c.body)
		if !after(schedule, "SCHEDULE") {
			out = append(out, "the event has no schedule")
		}
		out = append(out, scheduleFaults(schedule)...)
	case "TRIGGER":
		if _, t := c.findTrigger(c.name); t != nil && !c.replace && !c.ifNotExists {
			out = append(out, "there is a trigger "+quote(c.name)+" already")
		}
		out = append(out, c.triggerState()...)
	}
	return out
}

func returns(body string) bool {
	for _, t := range Syntax.Tokens(body) {
		if t.Is("RETURN") || t.Is("SONAME") || t.Is("AS") || t.Is("LANGUAGE") {
			return true
		}
	}
	return false
}

func (c *call) triggerState() []string {
	k := c.relation(c.table)
	if c.missing(c.table) {
		return []string{"there is no table " + quoted(c.table)}
	}
	var out []string
	if k != nil && k.Kind == "view" {
		out = append(out, quoted(c.table)+" is a view")
	}
	when, event, _ := strings.Cut(c.value, " ")
	if at, t := c.findTrigger(c.follows); c.follows != "" && (t == nil || at != k || !same(t.Timing, when) || !same(t.Event, event)) && c.knowsAll() {
		out = append(out, "there is no trigger "+quote(c.follows)+" "+when+" "+event)
	}
	t := Syntax.Tokens(c.body)
	for i := 0; i+2 < len(t); i++ {
		isNew, isOld := t[i].Is("NEW"), t[i].Is("OLD")
		if !(isNew || isOld) || !t[i+1].Is(".") || i > 0 && t[i-1].Is(".") {
			continue
		}
		name := t[i+2].Value()
		assigned := i > 0 && (t[i-1].Is("SET") || t[i-1].Is(",")) && i+3 < len(t) && (t[i+3].Is("=") || t[i+3].Is(":"))
		switch {
		case isNew && event == "DELETE", isOld && event == "INSERT":
			out = append(out, "there is no "+strings.ToUpper(t[i].Text)+" in a trigger on "+event)
		case assigned && t[i-1].Is("SET") && (isOld || when == "AFTER"):
			out = append(out, strings.ToUpper(t[i].Text)+" can't be written there")
		case whole(k) && k.Column(name) == nil:
			out = append(out, quoted(c.table)+" has no column "+quote(name))
		}
	}
	return out
}
