package postgres

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var sequenceBack = rule{lint.Rule{
	ID: "sequence-goes-back", Severity: lint.Error, Kind: lint.Client,
	Summary: "a sequence gives numbers that are in the table already",
	Why: "RESTART, setval() with a number, a new identity (also that of a new table in the place of another one) and a new sequence in a default begin at a number of their own, and know nothing of the keys that are there. The next INSERT that relies on the sequence meets a key that is taken and fails (23505). " +
		"So does one under a negative INCREMENT. A MAXVALUE below the last number, and a MINVALUE above the first one, are refused at once (22023).\n\n" +
		"Where a number is meant, it is taken from the table: `SELECT setval('s', (SELECT max(id) FROM t))`. A number of 5,000 or more, or above the rows that are known, is taken to be one that was thought about.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (id bigserial PRIMARY KEY);", SQL: "ALTER SEQUENCE t_id_seq RESTART;"}, {Schema: "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);", SQL: "ALTER TABLE t ALTER COLUMN id RESTART WITH 1;"},
		{Schema: "CREATE TABLE t (id bigserial PRIMARY KEY);", SQL: "SELECT setval('t_id_seq', 1, false);"}, {Schema: "CREATE TABLE t (id bigserial PRIMARY KEY);", SQL: "ALTER SEQUENCE t_id_seq MAXVALUE 100;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (id bigserial PRIMARY KEY);", SQL: "SELECT setval('t_id_seq', (SELECT max(id) FROM t));"}, {Schema: "CREATE TABLE t (id bigserial PRIMARY KEY);", SQL: "ALTER SEQUENCE t_id_seq INCREMENT BY 10 CACHE 20;"},
		{Schema: "CREATE TABLE t (id bigserial PRIMARY KEY);", SQL: "ALTER SEQUENCE t_id_seq RESTART WITH 9000000;"}},
}, func(c *call) {
	switch n := c.node.Node.(type) {
	case *pg.Node_AlterSeqStmt:
		c.sequenceAltered(n.AlterSeqStmt)
	case *pg.Node_AlterTableStmt:
		c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) { c.numbersAltered(t, a) })
	case *pg.Node_RenameStmt:
		if col := c.countsAnew(n.RenameStmt.Relation, n.RenameStmt.Newname); n.RenameStmt.RenameType == pg.ObjectType_OBJECT_TABLE && col != "" {
			c.report(said{message: fmt.Sprintf("the identity of the new table begins at 1: INSERTs of running clients meet keys of %s.%s that are there already", quote(n.RenameStmt.Newname), quote(col)),
				safe: fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%s', '%s'), (SELECT max(%s) FROM %s)); -- before the names are exchanged", table(n.RenameStmt.Relation), col, quote(col), table(n.RenameStmt.Relation))})
		}
	case *pg.Node_SelectStmt:
		walk(c.node, func(m *pg.Node) {
			if f := m.GetFuncCall(); f != nil && lastName(f.Funcname) == "setval" && len(f.Args) >= 2 {
				c.setval(f)
			}
		})
	}
}}

// thoughtful is the number from which on a start is taken to be one that was chosen above the keys that are there, where nobody tells how many
// rows there are.
const thoughtful = 5_000

// above reports whether a number is above the keys of a table, as far as can be told.
func above(n float64, k *lint.Relation) bool {
	if k != nil && k.Rows > 0 {
		return n > float64(k.Rows)
	}
	return n >= thoughtful
}

// numbering are the options of a sequence that say which number comes next; has tells which are given.
type numbering struct {
	restart, start, step, low, high float64
	has                             map[string]bool
}

func numberingOf(options []*pg.Node) numbering {
	n := numbering{restart: 1, start: 1, step: 1, has: map[string]bool{}}
	for _, o := range options {
		d := o.GetDefElem()
		v, given := sequenceNumber(d.GetArg())
		if !given && d.GetDefname() != "restart" {
			continue // NO MAXVALUE and the like
		}
		n.has[d.GetDefname()] = true
		switch d.GetDefname() {
		case "restart":
			if n.has["restart at"] = given; given {
				n.restart = v
			}
		case "start":
			n.start = v
		case "increment":
			n.step = v
		case "minvalue":
			n.low = v
		case "maxvalue":
			n.high = v
		}
	}
	return n
}

func sequenceNumber(n *pg.Node) (float64, bool) {
	switch {
	case n.GetInteger() != nil:
		return float64(n.GetInteger().Ival), true
	case n.GetFloat() != nil:
		return number(&pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Fval{Fval: n.GetFloat()}}}})
	}
	return 0, false
}

func (c *call) sequenceAltered(n *pg.AlterSeqStmt) {
	if !c.live(n.Sequence) {
		return
	}
	k, col, certain := c.fedBy(ident(n.Sequence))
	c.goesBack(table(n.Sequence), k, col, certain, c.startOf(ident(n.Sequence)), numberingOf(n.Options))
}

// startOf is where a sequence of the files begins.
func (j *judge) startOf(id schema.Ident) float64 {
	if k := j.catalog.Relation(id); k != nil && k.Kind == "sequence" {
		if r := parsedExpression(k.Options["start"]); r != nil {
			if v, ok := number(r); ok {
				return v
			}
		}
	}
	return 1
}

// goesBack says what new options do to a sequence that feeds a column. certain: what it feeds is known.
func (c *call) goesBack(name string, k *lint.Relation, col string, certain bool, start float64, n numbering) {
	keyed := k != nil && uniqueAlone(k, col)
	if n.has["restart"] && !n.has["restart at"] {
		n.restart = start
	}
	taken := fmt.Sprintf("INSERTs of running clients meet numbers of %s that are there already", name)
	recipe := fmt.Sprintf("SELECT setval('%s', (SELECT max(…) FROM …)); -- from the table itself", name)
	if k != nil {
		taken = fmt.Sprintf("INSERTs of running clients meet keys of %s.%s that are there already", quoted(k.Ident), quote(col))
		recipe = fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%s', '%s'), (SELECT max(%s) FROM %s));", quoted(k.Ident), col, quote(col), quoted(k.Ident))
	}
	used := keyed || !certain
	switch {
	case n.has["maxvalue"] && !above(n.high, k) && !n.has["restart"] && n.step > 0 && (k != nil || !certain):
		c.report(said{message: fmt.Sprintf("this fails once %s has given out more than %.0f, and it gives no number after that", name, n.high), safe: "Leave room: NO MAXVALUE."})
	case n.has["minvalue"] && n.low > start && !n.has["start"] && n.step > 0:
		c.report(said{message: fmt.Sprintf("this fails: %s begins at %.0f, which is below MINVALUE", name, start), safe: "Give START WITH and RESTART WITH of the new range, too."})
	case n.has["increment"] && n.step < 0 && used:
		c.report(said{message: taken + ": it counts back", safe: "Keep the direction."})
	case n.has["restart"] && !above(n.restart, k) && used && !c.setLater():
		c.report(said{message: taken, safe: recipe})
	}
}

// uniqueAlone: two rows can't have the same value in a column.
func uniqueAlone(k *lint.Relation, col string) bool {
	return slices.ContainsFunc(k.Indexes, func(x schema.Index) bool { return x.Unique && len(x.Columns) == 1 && x.Columns[0].Name == col })
}

// fedBy finds the column in use that gets its values from a sequence; certain is false where there may be one that isn't known.
func (j *judge) fedBy(id schema.Ident) (k *lint.Relation, col string, certain bool) {
	if t, c := j.sequenceOf(id); t != nil {
		if t.Fresh {
			return nil, "", true
		}
		return t, c.Name, true
	}
	text := regexp.MustCompile(`nextval\('"?(\w+"?\."?)?` + regexp.QuoteMeta(id.Name) + `"?'`)
	j.catalog.Relations(func(r *lint.Relation) {
		for _, c := range r.Columns {
			if c.Default != nil && text.MatchString(*c.Default) && !r.Fresh && (k == nil || uniqueAlone(r, c.Name)) {
				k, col = r, c.Name
			}
		}
	})
	seq := j.catalog.Relation(id)
	return k, col, k != nil || j.catalog.Complete || seq != nil && seq.Fresh
}

// setLater: a later statement of the transaction gives the sequence its number.
func (j *judge) setLater() bool {
	return j.ahead(func(t []lint.Token) bool {
		return slices.ContainsFunc(t, func(x lint.Token) bool { return strings.EqualFold(x.Text, "setval") || x.Is("RESTART") })
	})
}

// numbersAltered looks at the identity of a column, and at a default that takes a new sequence.
func (c *call) numbersAltered(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
	k := c.relation(t.Relation)
	name := table(t.Relation) + "." + quote(a.Name)
	switch a.Subtype {
	case pg.AlterTableType_AT_SetIdentity:
		col := k.Column(a.Name)
		if col != nil && col.Identity != "always" && col.Identity != "by default" {
			return
		}
		if !whole(k) {
			k = nil
		}
		c.goesBack(name, k, a.Name, k != nil, 1, numberingOf(a.Def.GetList().GetItems()))
	case pg.AlterTableType_AT_AddIdentity:
		n := numberingOf(a.Def.GetConstraint().GetOptions())
		if whole(k) && uniqueAlone(k, a.Name) && c.wasNumbered(k, a.Name) && !above(n.start, k) && !c.setLater() {
			c.report(said{message: fmt.Sprintf("the new identity of %s begins at %.0f: INSERTs of running clients meet keys that are there already", name, n.start),
				safe: fmt.Sprintf("BEGIN;\n%s;\nSELECT setval(pg_get_serial_sequence('%s', '%s'), (SELECT max(%s) FROM %s));\nCOMMIT;", c.s.Text, quoted(k.Ident), a.Name, quote(a.Name), quoted(k.Ident))})
		}
	case pg.AlterTableType_AT_ColumnDefault:
		seq := c.nextOf(a.Def)
		if seq == nil || !seq.Fresh || !whole(k) || !uniqueAlone(k, a.Name) || !c.wasNumbered(k, a.Name) || above(c.startOf(seq.Ident), k) || seq.Options["set"] != "" || c.setLater() {
			return
		}
		c.report(said{message: fmt.Sprintf("the new sequence %s begins at %.0f: INSERTs of running clients meet keys of %s that are there already", quoted(seq.Ident), c.startOf(seq.Ident), name),
			safe: fmt.Sprintf("SELECT setval('%s', (SELECT max(%s) FROM %s)); -- before the default is changed", quoted(seq.Ident), quote(a.Name), quoted(k.Ident))})
	}
}

// wasNumbered: running clients leave the column out, as it has or had a default or an identity.
func (c *call) wasNumbered(k *lint.Relation, column string) bool {
	col := k.Column(column)
	return col != nil && (col.Default != nil || col.Identity != "" || k.Was["default "+column])
}

// nextOf finds the sequence that a default takes its value from.
func (c *call) nextOf(n *pg.Node) *lint.Relation {
	f := n.GetFuncCall()
	if f == nil || lastName(f.Funcname) != "nextval" || len(f.Args) != 1 {
		return nil
	}
	id := c.sequenceNamed(f.Args[0])
	return c.catalog.Relation(id)
}

// sequenceIn is the name of the sequence that a default, as text, takes its value from; "" where it is none.
func (j *judge) sequenceIn(text *string) string {
	if text == nil {
		return ""
	}
	if k := (&call{judge: j}).nextOf(parsedExpression(*text)); k != nil {
		return k.Name
	}
	return ""
}

// sequenceNamed is the sequence that an argument of setval() and the like names.
func (c *call) sequenceNamed(n *pg.Node) schema.Ident {
	if t := n.GetTypeCast(); t != nil {
		n = t.Arg
	}
	if f := n.GetFuncCall(); f != nil && lastName(f.Funcname) == "pg_get_serial_sequence" && len(f.Args) == 2 {
		id := identParsed(f.Args[0].GetAConst().GetSval().GetSval())
		return schema.Ident{Schema: id.Schema, Name: id.Name + "_" + f.Args[1].GetAConst().GetSval().GetSval() + "_seq"}
	}
	if s := n.GetAConst().GetSval(); s != nil {
		return identParsed(s.Sval)
	}
	return schema.Ident{}
}

func (c *call) setval(f *pg.FuncCall) {
	v, ok := number(f.Args[1])
	id := c.sequenceNamed(f.Args[0])
	if !ok || id.Name == "" {
		return
	}
	if k := c.catalog.Relation(id); k != nil && k.Fresh {
		return
	}
	k, col, certain := c.fedBy(id)
	c.goesBack(quoted(id), k, col, certain, 1, numbering{restart: v, step: 1, has: map[string]bool{"restart": true, "restart at": true}})
}
