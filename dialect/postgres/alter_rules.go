package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// NativeWays implements plans.Rules. Every ALTER TABLE here holds a lock that blocks
// everybody; only one that changes nothing but the catalog holds it for a moment.
func (Rules) NativeWays(_ *plans.Facts, _ *schema.Table, seen *plans.AlterFacts) []plans.NativeWay {
	if seen.NotInstant == "" {
		return []plans.NativeWay{{}}
	}
	return nil
}

// Alter implements plans.Rules.
func (Rules) Alter(f *plans.Facts, t *schema.Table, seen *plans.AlterFacts, a *plans.Alter) error {
	a.Result = plans.Shape(seen.Result)
	x := alterResolver{f: f, t: t, to: seen.Result, seen: seen, a: a, what: "alter table " + t.Ident.String()}
	if a.Way == plans.Native {
		return x.native()
	}
	for _, check := range []func() error{x.table, x.indexes, x.columns, x.key, x.foreignKeys, x.dependents} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

type alterResolver struct {
	f    *plans.Facts
	t    *schema.Table
	to   *schema.Table
	seen *plans.AlterFacts
	a    *plans.Alter
	what string
}

func (x *alterResolver) refuse(hint, format string, args ...any) error {
	return &plans.RefusedError{What: x.what, Reason: fmt.Sprintf(format, args...), Hint: hint}
}

// native: after a crash only the catalog tells whether it was done, so it must show.
func (x *alterResolver) native() error {
	if slices.Equal(x.a.Result, plans.Shape(x.t)) && x.seen.Unread != "" {
		x.a.Whole = true
		x.a.Result = x.a.Shows(x.whole())
	}
	if slices.Equal(x.a.Result, x.a.Shows(x.t)) {
		return x.refuse("run it by itself: it takes a moment, if it gets its lock", "the change doesn't show in the columns and indexes, so that after a crash nobody could tell whether it was done")
	}
	if x.seen.NotInstant != "" {
		x.a.Extra = map[string]string{notInstant: x.seen.NotInstant}
	}
	return nil
}

// whole is the new shape with what an empty copy hasn't: foreign keys, the table's comment, constraints that are not valid.
func (x *alterResolver) whole() *schema.Table {
	to := *x.to
	to.Comment, to.Constraints = x.t.Comment, slices.Clone(to.Constraints)
	for _, c := range x.t.Constraints {
		n := slices.IndexFunc(to.Constraints, func(k schema.Constraint) bool { return k.Name == c.Name })
		switch {
		case c.Kind == schema.ForeignKey && !c.Incoming && n < 0:
			to.Constraints = append(to.Constraints, c)
		case n >= 0 && c.NotValid && to.Constraints[n].Definition+" NOT VALID" == c.Definition:
			to.Constraints[n] = c
		}
	}
	return &to
}

// notInstant stands in Alter.Extra where the server itself does more than change its catalog.
const notInstant = "not_instant"

func (x *alterResolver) table() error {
	if x.f.Server.Number < 150000 {
		return x.refuse("", "a shadow follows the log as PostgreSQL 15 and later write it")
	}
	for _, g := range x.t.Triggers {
		if strings.HasPrefix(g.Name, "~pm_") {
			return x.refuse("finish that run first", "trigger %s of a column sync stands on the table", g.Name)
		}
	}
	if x.seen.NotShadow != "" {
		return x.refuse("", "%s", x.seen.NotShadow)
	}
	return nil
}

// indexes: what the server can't be told to make again in the same words.
func (x *alterResolver) indexes() error {
	for _, i := range x.t.Indexes {
		switch {
		case i.Invalid:
			return x.refuse("REINDEX INDEX CONCURRENTLY or DROP INDEX CONCURRENTLY first", "index %s is invalid: a build of it was cut off", i.Name)
		case i.Unique && i.Method != "btree":
			return x.refuse("", "key %s is WITHOUT OVERLAPS, which has no online form", i.Name)
		}
	}
	for _, c := range x.t.Constraints {
		if c.NotValid && c.Kind != schema.ForeignKey {
			return x.refuse("ALTER TABLE "+relation(x.t.Ident)+" VALIDATE CONSTRAINT "+Quote(c.Name)+", or drop it", "constraint %s is not valid: rows that break it may be there, and could not be copied", c.Name)
		}
	}
	return nil
}

// columns: of those that only one of the tables has, none may need a value that nobody gives.
func (x *alterResolver) columns() error {
	var read alteration
	var err error
	if x.a.Partition == nil && !x.a.Rewrite {
		read, err = readAlter(x.a.SQL)
	}
	if err == nil {
		x.a.Columns, err = read.copied(x.t, x.to)
	}
	if err != nil {
		return &plans.RefusedError{What: x.what, Reason: err.Error()}
	}
	for _, c := range x.to.Columns {
		if mustBeGiven(c) && !slices.ContainsFunc(x.a.Columns, func(p plans.Copied) bool { return p.To == c.Name }) {
			return x.refuse("give it a DEFAULT", "the new column %s is NOT NULL and no value is given for the rows that are there", c.Name)
		}
	}
	for _, c := range x.t.Columns {
		if mustBeGiven(c) && !slices.ContainsFunc(x.a.Columns, func(p plans.Copied) bool { return p.From == c.Name }) {
			return x.refuse("ALTER TABLE "+relation(x.t.Ident)+" ALTER COLUMN "+Quote(c.Name)+" SET DEFAULT … first", "column %s is NOT NULL without a default: a row added after the switch could not go back", c.Name)
		}
	}
	return nil
}

func mustBeGiven(c schema.Column) bool {
	return !c.Nullable && c.Default == nil && c.Generated == "" && c.Identity == ""
}

// key chooses the key that both shapes can be walked by: the primary key, else the
// first unique one whose columns survive and stay unique by themselves; else one that grows, for a row that the
// application adds later under the same key has no place in the old table.
func (x *alterResolver) key() error {
	var why []string
	for _, grown := range []bool{false, true} {
		for _, i := range primaryFirst(x.t) {
			no := x.walks(i, grown)
			if no == "" {
				return nil
			}
			if !grown {
				why = append(why, i.Name+" "+no)
			}
		}
	}
	reason := "no unique key of NOT NULL columns survives the change, so that rows of the two tables could not be told to be the same"
	if len(why) > 0 {
		reason += ": " + strings.Join(why, "; ")
	}
	return x.refuse(keyHint, "%s", reason)
}

// keyHint says which keys can be walked.
const keyHint = `keep or add a unique key of NOT NULL columns that are integers, numerics, uuids, booleans, dates, times, bytea or texts; one of texts in a language's order needs an index in the order of the bytes, too: CREATE UNIQUE INDEX CONCURRENTLY … (column COLLATE "C")`

// walks takes a key, or says why it can't be.
func (x *alterResolver) walks(i schema.Index, grown bool) string {
	key, no := x.walkable(x.t, i)
	if no != "" {
		return no
	}
	to, ok := x.keyTo(key)
	if !ok {
		return "doesn't survive the change"
	}
	whole := slices.ContainsFunc(x.to.Indexes, func(i schema.Index) bool { return i.Unique && i.Predicate == "" && sameColumns(i, to) })
	back := to
	switch {
	case !grown && !whole:
		return "doesn't survive the change"
	case grown:
		if back = x.keyBack(to); back == nil {
			return "doesn't survive the change"
		}
	}
	if !logged(x.t, key) || !logged(x.to, back) {
		return "is not what the log would hold of a row that is changed or deleted, as REPLICA IDENTITY is"
	}
	x.a.Key, x.a.KeyTo = key, to
	x.a.Unique, x.a.UniqueOld = furtherUnique(x.to, to), furtherUnique(x.t, key)
	return ""
}

// keyBack finds a unique key of the new shape that holds the key: by it a row of the new table is told from others that
// share the old key. nil: there is none.
func (x *alterResolver) keyBack(to []plans.KeyPart) []plans.KeyPart {
	for _, i := range primaryFirst(x.to) {
		back, no := x.walkable(x.to, i)
		if no != "" || slices.ContainsFunc(to, func(p plans.KeyPart) bool {
			return !slices.ContainsFunc(back, func(k plans.KeyPart) bool { return k.Name == p.Name })
		}) {
			continue
		}
		old, ok := x.keyFrom(back)
		if !ok {
			continue
		}
		x.a.KeyBack, x.a.KeyBackTo = back, old
		var names []string
		for _, k := range to {
			names = append(names, k.Name)
		}
		x.a.Notes = append(x.a.Notes, fmt.Sprintf("After the switch the new table takes several rows with the same (%s), of which the old one holds one: as soon as there are such rows the way back is shut, and rollback names them.", strings.Join(names, ", ")))
		return back
	}
	return nil
}

// keyFrom is a key of the new shape in the old one, where its columns must be the same.
func (x *alterResolver) keyFrom(back []plans.KeyPart) ([]plans.KeyPart, bool) {
	var out []plans.KeyPart
	for _, k := range back {
		n := slices.IndexFunc(x.a.Columns, func(p plans.Copied) bool { return p.To == k.Name })
		if n < 0 {
			return nil, false
		}
		c, _ := x.t.Column(x.a.Columns[n].From)
		if c.Type != k.Type && (orderOf(c.Type) != byNumber || orderOf(k.Type) != byNumber) || c.Collation != k.Collation {
			return nil, false
		}
		out = append(out, plans.KeyPart{Name: c.Name, Type: c.Type, Class: c.Class, Collation: c.Collation, ByBytes: k.ByBytes})
	}
	return out, true
}

// primaryFirst lists the usable unique keys.
func primaryFirst(t *schema.Table) []schema.Index {
	var out []schema.Index
	for _, i := range t.Indexes {
		if i.Unique && i.Predicate == "" {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b schema.Index) int {
		if a.Primary != b.Primary {
			if a.Primary {
				return -1
			}
			return 1
		}
		return len(a.Columns) - len(b.Columns)
	})
	return out
}

// walkable is the key that an index of one of the shapes is over, or why it can't be walked.
func (x *alterResolver) walkable(t *schema.Table, i schema.Index) ([]plans.KeyPart, string) {
	var out []plans.KeyPart
	foreign := ""
	for _, p := range i.Columns {
		c, ok := t.Column(p.Name)
		k := plans.KeyPart{Name: c.Name, Type: c.Type, Class: c.Class, Collation: c.Collation}
		switch {
		case !ok || p.Expression != "":
			return nil, "is over an expression"
		case c.Nullable:
			return nil, "may hold NULL"
		case p.Descending:
			return nil, "runs downwards"
		case orderOf(c.Type) == noOrder:
			return nil, "is over " + c.Type + ", whose order can't be told from its text"
		case isText(c.Type) && x.seen.Loose[x.sourceName(t, c.Name)] != "":
			return nil, "is over column " + c.Name + ": " + x.seen.Loose[x.sourceName(t, c.Name)]
		case isText(c.Type) && !slices.Contains(x.seen.ByteOrder, x.sourceName(t, c.Name)):
			k.ByBytes, foreign = true, c.Name
		}
		out = append(out, k)
	}
	if foreign != "" && !byteIndexed(t, out) {
		return nil, "is ordered by a language's rules in column " + foreign + ", and there is no index in the order of its bytes"
	}
	return out, ""
}

// sourceName is the name in the old shape of a column of one of the shapes.
func (x *alterResolver) sourceName(t *schema.Table, name string) string {
	n := slices.IndexFunc(x.a.Columns, func(p plans.Copied) bool { return p.To == name })
	if t == x.t || n < 0 {
		return name
	}
	return x.a.Columns[n].From
}

// byteIndexed: an index has a key in the order in which it is walked. Collations stand in its definition only.
func byteIndexed(t *schema.Table, key []plans.KeyPart) bool {
	return slices.ContainsFunc(t.Indexes, func(i schema.Index) bool {
		tree, err := pg.Parse(i.Definition)
		if i.Method != "btree" || i.Predicate != "" || i.Invalid || err != nil || len(tree.Stmts) != 1 {
			return false
		}
		params := tree.Stmts[0].Stmt.GetIndexStmt().GetIndexParams()
		if len(params) != len(key) {
			return false
		}
		for n, k := range key {
			e := params[n].GetIndexElem()
			bytes := len(e.Collation) > 0 && e.Collation[len(e.Collation)-1].GetString_().GetSval() == "C"
			if e.Name != k.Name || i.Columns[n].Descending || bytes != k.ByBytes || len(e.Opclass) > 0 {
				return false
			}
		}
		return true
	})
}

// keyTo is the key in the new shape, ordered as before.
func (x *alterResolver) keyTo(key []plans.KeyPart) ([]plans.KeyPart, bool) {
	var out []plans.KeyPart
	for _, k := range key {
		n := slices.IndexFunc(x.a.Columns, func(p plans.Copied) bool { return p.From == k.Name })
		if n < 0 {
			return nil, false
		}
		c, _ := x.to.Column(x.a.Columns[n].To)
		same := c.Type == k.Type && c.Collation == k.Collation
		if c.Nullable || !same && (orderOf(c.Type) != byNumber || orderOf(k.Type) != byNumber) {
			return nil, false
		}
		out = append(out, plans.KeyPart{Name: c.Name, Type: c.Type, Class: c.Class, Collation: c.Collation, ByBytes: k.ByBytes})
	}
	return out, true
}

// logged reports whether the log holds a key of rows that are changed or deleted.
func logged(t *schema.Table, key []plans.KeyPart) bool {
	identity, found := "DEFAULT", schema.Index{}
	for _, clause := range t.Settings {
		if how, ok := strings.CutPrefix(clause, "REPLICA IDENTITY "); ok {
			identity = how
		}
	}
	if identity == "FULL" {
		return true
	}
	for _, i := range t.Indexes {
		if identity == "DEFAULT" && i.Primary || identity == "USING INDEX "+i.Name || identity == "USING INDEX "+Quote(i.Name) {
			found = i
		}
	}
	return !slices.ContainsFunc(key, func(k plans.KeyPart) bool {
		return !slices.ContainsFunc(found.Columns, func(p schema.IndexColumn) bool { return p.Name == k.Name })
	})
}

func sameColumns(i schema.Index, key []plans.KeyPart) bool {
	return len(i.Columns) == len(key) && !slices.ContainsFunc(i.Columns, func(p schema.IndexColumn) bool {
		return !slices.ContainsFunc(key, func(k plans.KeyPart) bool { return k.Name == p.Name && p.Name != "" })
	})
}

// furtherUnique lists unique keys that two rows of different keys could be equal under.
func furtherUnique(t *schema.Table, key []plans.KeyPart) []string {
	var out []string
	for _, i := range t.Indexes {
		holds := i.Predicate == ""
		for _, k := range key {
			holds = holds && slices.ContainsFunc(i.Columns, func(p schema.IndexColumn) bool { return p.Name == k.Name })
		}
		if i.Unique && !holds {
			out = append(out, i.Name)
		}
	}
	return out
}

// foreignKeys go over to the new table, in both directions, so it must have their columns.
func (x *alterResolver) foreignKeys() error {
	for _, c := range x.t.Constraints {
		if c.Kind != schema.ForeignKey {
			continue
		}
		if gone := x.changed(c.Columns, false); gone != "" {
			return x.refuse("drop the foreign key first and add it again after contract", "foreign key %s uses column %s, which the change drops, renames or gives another type", c.Name, gone)
		}
		if c.Incoming && !x.referable(c.Columns) {
			return x.refuse("drop the foreign key first", "foreign key %s of %s needs a unique key over (%s), which the new shape doesn't have", c.Name, c.Ref, strings.Join(c.Columns, ", "))
		}
	}
	return nil
}

func (x *alterResolver) referable(columns []string) bool {
	return slices.ContainsFunc(x.to.Indexes, func(i schema.Index) bool {
		if !i.Unique || i.Predicate != "" || len(i.Columns) != len(columns) {
			return false
		}
		return !slices.ContainsFunc(i.Columns, func(p schema.IndexColumn) bool { return !slices.Contains(columns, p.Name) })
	})
}

// changed is the first of the columns that isn't in the new shape under the same name with the
// same type; between integers a foreign key holds.
func (x *alterResolver) changed(columns []string, exactly bool) string {
	for _, name := range columns {
		from, _ := x.t.Column(name)
		i := slices.IndexFunc(x.a.Columns, func(p plans.Copied) bool { return p.From == name })
		if from.Generated != "" { // made anew by the same expression
			i = slices.IndexFunc(x.a.Columns, func(p plans.Copied) bool { return p.To == name })
			if to, ok := x.to.Column(name); ok && i < 0 && to.Type == from.Type {
				continue
			}
			return name
		}
		if i < 0 || x.a.Columns[i].To != name {
			return name
		}
		to, _ := x.to.Column(name)
		integers := orderOf(from.Type) == byNumber && orderOf(to.Type) == byNumber
		if to.Type != from.Type && (exactly || !integers) {
			return name
		}
	}
	return ""
}

// dependents go over to the new table by their own definitions, which must mean the same there.
func (x *alterResolver) dependents() error {
	for _, d := range x.t.Dependents {
		switch d.Kind {
		case "generated column", "replica identity":
			continue
		case "view":
			if c := x.changed(d.Columns, true); c != "" {
				return x.refuse("drop the view first and create it for the new shape after the switch", "view %s reads column %s, which the change drops, renames or gives another type", d.Name, c)
			}
		case "trigger", "policy", "publication":
			if c := x.changed(d.Columns, false); c != "" {
				return x.refuse("drop it first and create it for the new shape after the switch", "%s %s names column %s, which the change drops, renames or gives another type", d.Kind, d.Name, c)
			}
		default:
			return x.refuse("drop it first and create it anew after contract", "%s %s can't be moved to another table", d.Kind, d.Name)
		}
	}
	return nil
}
