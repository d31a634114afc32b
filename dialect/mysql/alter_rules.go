package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/binlog"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// NativeWays implements plans.Rules. What the empty copy allows the table itself may
// still rule out, so its own limits are asked first.
func (rules) NativeWays(f *plans.Facts, t *schema.Table, seen *plans.AlterFacts) []plans.NativeWay {
	var out []plans.NativeWay
	if seen.NotInstant == "" && t.NoInstant == "" {
		out = append(out, plans.NativeWay{Prefix: instantly})
	}
	if seen.NotOnline == "" {
		w := plans.NativeWay{Prefix: online}
		switch {
		case seen.Rebuilds:
			w.Grows = "the table is rewritten"
		case seen.Builds:
			w.Grows = "an index is built"
		}
		out = append(out, w)
	}
	return out
}

// Alter implements plans.Rules.
func (rules) Alter(f *plans.Facts, t *schema.Table, seen *plans.AlterFacts, a *plans.Alter) error {
	a.Result = plans.Shape(seen.Result)
	x := alterResolver{f: f, t: t, to: seen.Result, a: a, what: "alter table " + t.Ident.String()}
	if a.Way == plans.Native {
		return x.native()
	}
	if seen.NotShadow != "" {
		return x.refuse("--strategy auto", "%s", seen.NotShadow)
	}
	for _, check := range []func() error{x.names, x.table, x.foreignKeys, x.columns, x.key, x.carryKeys, x.uniques, x.late} {
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
	a    *plans.Alter
	what string
}

func (x *alterResolver) refuse(hint, format string, args ...any) error {
	return &plans.RefusedError{What: x.what, Reason: fmt.Sprintf(format, args...), Hint: hint}
}

// native: after a crash only the catalog tells whether it was done, so it must show.
func (x *alterResolver) native() error {
	if !slices.Equal(x.a.Result, plans.Shape(x.t)) {
		return nil
	}
	to, err := x.withKeys()
	if err != nil {
		return err
	}
	x.a.Whole = true
	if x.a.Result = x.a.Shows(to); slices.Equal(x.a.Result, x.a.Shows(x.t)) {
		return x.refuse("--strategy shadow rewrites the table beside itself", "the change doesn't show in the table's definition, so that after a crash nobody could tell whether it was done")
	}
	return nil
}

// withKeys is the new shape with the foreign keys of the old one, which a copy hasn't.
func (x *alterResolver) withKeys() (*schema.Table, error) {
	read, err := readAlter(x.a.SQL)
	if err != nil {
		return nil, &plans.RefusedError{What: x.what, Reason: err.Error()}
	}
	read.keysOffOf(x.t)
	to := *x.to
	to.Constraints = slices.Clone(to.Constraints)
	for _, c := range outgoing(x.t) {
		if !slices.ContainsFunc(read.keysOff, func(n string) bool { return strings.EqualFold(n, c.Name) }) {
			to.Constraints = append(to.Constraints, c)
		}
	}
	return &to, nil
}

func (x *alterResolver) table() error {
	if !strings.EqualFold(x.t.Storage, "InnoDB") || !strings.EqualFold(x.to.Storage, "InnoDB") {
		return x.refuse("ALTER TABLE … ENGINE=InnoDB in a maintenance window", "only InnoDB has transactions: the table's engine is %s, and %s afterwards", x.t.Storage, x.to.Storage)
	}
	if movesPartitions(x.a.SQL) {
		return x.refuse("run it natively: --strategy native", "the clause is about the rows of partitions, which a copy would hold again")
	}
	for _, g := range x.t.Triggers {
		if !ours(g.Name) {
			continue
		}
		return x.refuse("finish that run first", "trigger %s of a column sync stands on the table", g.Name)
	}
	return x.triggers()
}

// foreignKeys: one that points at the table would go on pointing at the old one after
// the names change places, without a word.
func (x *alterResolver) foreignKeys() error {
	for _, c := range x.t.Constraints {
		if c.Kind != schema.ForeignKey {
			continue
		}
		if c.Incoming {
			return x.refuse("drop that foreign key first and add it again after contract", "foreign key %s of %s points at the table and would go on pointing at the old one", c.Name, c.Ref)
		}
		if w := cascades(c); w != "" && !x.f.Server.Can.LogsCascades {
			return x.refuse("replace it by a foreign key with NO ACTION first", "foreign key %s changes rows by %s, and this server doesn't log what cascades do", c.Name, w)
		}
	}
	return nil
}

func cascades(c schema.Constraint) string {
	for _, w := range []string{"CASCADE", "SET NULL", "SET DEFAULT"} {
		if c.OnDelete == w {
			return "ON DELETE " + w
		}
		if c.OnUpdate == w {
			return "ON UPDATE " + w
		}
	}
	return ""
}

func (x *alterResolver) columns() error {
	read, err := readAlter(x.a.SQL)
	if err == nil {
		x.a.Columns, err = read.copied(x.t, x.to)
	}
	if err != nil {
		return &plans.RefusedError{What: x.what, Reason: err.Error()}
	}
	return nil
}

// key chooses the key that both shapes can be walked by: the primary key, else the
// first unique one whose columns survive and stay unique by themselves; else one that grows, for a
// row that the application adds later under the same key has no place in the old table.
func (x *alterResolver) key() error {
	for _, grown := range []bool{false, true} {
		for _, i := range primaryFirst(x.t.Indexes) {
			key, ok := (&resolver{t: x.t}).walkable(i)
			if !ok {
				continue
			}
			to, ok := x.keyTo(key)
			if !ok || !grown && !uniqueIn(x.to, to) || grown && !x.keyBack(to) {
				continue
			}
			x.a.Key, x.a.KeyTo = key, to
			x.extra("key_index", i.Name)
			x.a.Helper = x.helper()
			return nil
		}
	}
	return x.refuse("keep the old key as a unique key beside the new one (ADD UNIQUE KEY …), or add a primary key first", "no unique key of NOT NULL columns survives the change, so that rows of the two tables could not be told to be the same")
}

func primaryFirst(list []schema.Index) []schema.Index {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b schema.Index) int {
		if a.Primary != b.Primary {
			if a.Primary {
				return -1
			}
			return 1
		}
		return len(a.Columns) - len(b.Columns)
	})
	return list
}

// keyBack finds a unique key of the new shape that holds the key and whose columns the old
// shape has, too: by it a row of the new table is told from others that share the old key.
func (x *alterResolver) keyBack(to []plans.KeyPart) bool {
	for _, i := range primaryFirst(x.to.Indexes) {
		back, ok := (&resolver{t: x.to}).walkable(i)
		if !ok || !holds(back, to) {
			continue
		}
		if old, ok := x.keyFrom(back); ok {
			x.a.KeyBack, x.a.KeyBackTo = back, old
			x.a.Notes = append(x.a.Notes, fmt.Sprintf("After the switch the new table takes several rows with the same (%s), of which the old one holds one: as soon as there are such rows the way back is shut, and rollback names them.", keyNames(to)))
			return true
		}
	}
	return false
}

func holds(key, part []plans.KeyPart) bool {
	return !slices.ContainsFunc(part, func(p plans.KeyPart) bool {
		return !slices.ContainsFunc(key, func(k plans.KeyPart) bool { return strings.EqualFold(k.Name, p.Name) })
	})
}

// keyFrom is a key of the new shape in the old one.
func (x *alterResolver) keyFrom(key []plans.KeyPart) ([]plans.KeyPart, bool) {
	var out []plans.KeyPart
	for _, k := range key {
		i := slices.IndexFunc(x.a.Columns, func(p plans.Copied) bool { return p.To == k.Name })
		if i < 0 {
			return nil, false
		}
		c, _ := anyCase(x.t, x.a.Columns[i].From)
		part := partOf(c, k.Descending)
		if keyForm(part) == noForm {
			return nil, false
		}
		out = append(out, part)
	}
	return out, true
}

func partOf(c schema.Column, descending bool) plans.KeyPart {
	return plans.KeyPart{Name: c.Name, Type: c.Type, Class: c.Class, Charset: c.Charset, Collation: c.Collation, Descending: descending}
}

// uniqueIn reports whether no two rows of a table can have the same key. Where the new shape
// allows that, the application may write rows after the tables have changed places of which the old one
// can hold only one, and nobody could tell which.
func uniqueIn(t *schema.Table, key []plans.KeyPart) bool {
	part := func(c schema.IndexColumn) bool {
		return c.Prefix == 0 && c.Expression == "" && slices.ContainsFunc(key, func(k plans.KeyPart) bool { return strings.EqualFold(k.Name, c.Name) })
	}
	return slices.ContainsFunc(t.Indexes, func(i schema.Index) bool {
		return (i.Unique || i.Primary) && !slices.ContainsFunc(i.Columns, func(c schema.IndexColumn) bool { return !part(c) })
	})
}

func (x *alterResolver) keyTo(key []plans.KeyPart) ([]plans.KeyPart, bool) {
	var out []plans.KeyPart
	for _, k := range key {
		i := slices.IndexFunc(x.a.Columns, func(p plans.Copied) bool { return p.From == k.Name })
		if i < 0 {
			return nil, false
		}
		c, _ := anyCase(x.to, x.a.Columns[i].To)
		part := partOf(c, k.Descending)
		if keyForm(part) == noForm {
			return nil, false
		}
		out = append(out, part)
	}
	return out, true
}

// helper is the name of the index that the shadow needs while it is one, and until the old table is dropped: rows are
// deleted from it by the key, and it is read in ranges of it.
func (x *alterResolver) helper() string {
	for _, i := range x.to.Indexes {
		if i.Method != "fulltext" && i.Method != "spatial" && ledBy(i, x.a.KeyTo) {
			return ""
		}
	}
	return "_pm_key"
}

func ledBy(i schema.Index, key []plans.KeyPart) bool {
	if len(i.Columns) < len(key) {
		return false
	}
	for n, k := range key {
		if p := i.Columns[n]; !strings.EqualFold(p.Name, k.Name) || p.Prefix > 0 || p.Expression != "" || p.Descending != k.Descending {
			return false
		}
	}
	return true
}

func (x *alterResolver) uniques() error {
	x.a.Unique = furtherUnique(x.to, x.a.KeyTo)
	_, old, _ := x.a.Walk(true)
	x.a.UniqueOld = furtherUnique(x.t, old)
	return nil
}

// furtherUnique lists unique keys that two rows of different keys could be equal under.
func furtherUnique(t *schema.Table, key []plans.KeyPart) []string {
	var out []string
	for _, i := range t.Indexes {
		if !i.Unique {
			continue
		}
		whole := true
		for _, k := range key {
			whole = whole && slices.ContainsFunc(i.Columns, func(p schema.IndexColumn) bool {
				return strings.EqualFold(p.Name, k.Name) && p.Prefix == 0
			})
		}
		if !whole {
			out = append(out, i.Name)
		}
	}
	return out
}

// RenderAlter implements plans.Rules.
func (rules) RenderAlter(f *plans.Facts, t *schema.Table, a *plans.Alter, planID string, st *plans.Step) (bool, error) {
	k := alterKitchen{a: a, planID: planID}
	st.Mode = plans.Each
	switch st.Kind {
	case plans.RunAlter:
		k.native(st, f, t)
	case plans.CreateShadow:
		st.SQL, st.Undo = k.create(), []string{k.dropTable(a.New)}
		st.Because = "the change is done to an empty copy, as it was written; nobody reads or writes it yet"
	case plans.CopyRows:
		st.Mode, st.Scans = plans.Batches, true
		st.Estimate = plans.Estimate{Rows: t.Rows, Bytes: t.Bytes, Seconds: float64(t.Rows) / copyRate, DiskBytes: t.Bytes, ReplayRows: t.Rows}
		st.Because = "chunks are copied by the server itself, without locks on the table, and what changes meanwhile is followed in its log; both tables are then in step"
		if len(a.Late) > 0 {
			st.SQL = []string{k.buildLate(online)}
			st.Because += "; indexes that the rows would reach at random are built behind the last chunk, since no replica would wait for it"
		}
	case plans.CompareShadow:
		st.Mode, st.Scans = plans.ReadOnly, true
		st.Estimate = plans.Estimate{Rows: t.Rows, Bytes: t.Bytes, Seconds: float64(t.Rows) / compareRate}
		st.Because = "every row of both tables is read and compared by its bytes, as the new shape stores them"
	case plans.CutOver:
		st.Mode, st.SQL = plans.Locked, k.swap()
		st.Lock = brief("LOCK TABLES … WRITE")
		st.Because = "what is left of the log is applied under a short table lock, then the names change places in one statement; from here on the old table can be brought up to date"
		st.Undo = k.swapBack()
	case plans.DropOld:
		st.SQL = []string{k.dropTable(a.Old)}
		st.Because = "the end of the way back"
		if h := a.Helper; h != "" {
			st.SQL = []string{k.mine("ALTER TABLE " + quoteTable(a.Table) + " DROP INDEX " + quote(h) + ", ALGORITHM=INPLACE, LOCK=NONE"), k.dropTable(a.Old)}
			st.Because += ", and of the index by which rows were found for it"
		}
	}
	return true, nil
}

// Rates of a first guess, in rows a second; a run that is at work tells better.
const (
	copyRate    = 100_000
	compareRate = 400_000
)

// alterKitchen writes the statements of an ALTER TABLE's steps. It is pure.
type alterKitchen struct {
	a      *plans.Alter
	planID string
}

// mine puts the run's mark behind a statement's first word, so that whoever reads
// the server's log knows it as our own.
func (k alterKitchen) mine(q string) string {
	first, rest, _ := strings.Cut(q, " ")
	return first + " " + binlog.Mark(k.planID) + " " + rest
}

func (k alterKitchen) table(name string) string {
	return quoteTable(schema.Ident{Schema: k.a.Table.Schema, Name: name})
}

func (k alterKitchen) create() []string {
	out := []string{
		k.mine("CREATE TABLE " + k.table(k.a.New) + " LIKE " + quoteTable(k.a.Table)),
		k.mine("ALTER TABLE " + k.table(k.a.New) + " " + k.a.SQL),
	}
	out = append(append(out, k.dropAdded()...), k.remakeIndexes()...)
	if len(k.a.Late) > 0 {
		out = append(out, k.dropLate())
	}
	if h := k.a.Helper; h != "" {
		var cols []string
		for _, p := range k.a.KeyTo {
			cols = append(cols, quote(p.Name))
		}
		out = append(out, k.mine("ALTER TABLE "+k.table(k.a.New)+" ADD INDEX "+quote(h)+" ("+strings.Join(cols, ", ")+")"))
	}
	return out
}

func (k alterKitchen) dropTable(name string) string {
	return k.mine("DROP TABLE " + k.table(name))
}

func (k alterKitchen) swap() []string {
	return []string{k.mine("RENAME TABLE " + quoteTable(k.a.Table) + " TO " + k.table(k.a.Old) + ", " + k.table(k.a.New) + " TO " + quoteTable(k.a.Table))}
}

func (k alterKitchen) swapBack() []string {
	return []string{k.mine("RENAME TABLE " + quoteTable(k.a.Table) + " TO " + k.table(k.a.New) + ", " + k.table(k.a.Old) + " TO " + quoteTable(k.a.Table))}
}

func (k alterKitchen) native(st *plans.Step, f *plans.Facts, t *schema.Table) {
	st.SQL = []string{k.mine("ALTER TABLE " + quoteTable(k.a.Table) + " " + k.a.Prefix + k.a.SQL)}
	st.Lock = brief("metadata, exclusive")
	switch k.a.Prefix {
	case instantly:
		st.Because = "the server does it by metadata alone"
	case online:
		st.Because = "the server does it while reads and writes go on"
		st.Scans = true
	default:
		st.Lock.BlocksReads, st.Rewrites = false, true
		st.Because = fmt.Sprintf("the table is so small (%d bytes) that it can wait for the server to rewrite it", t.Bytes)
	}
	if st.Scans || st.Rewrites {
		took := float64(t.Bytes) / rebuildRate
		st.Estimate = plans.Estimate{Rows: t.Rows, Bytes: t.Bytes, Seconds: took, DiskBytes: k.grows(f, t), ReplaySeconds: took}
	}
}

// grows is the room that the server needs to do it: that of new indexes, or of the whole table where it is written anew, or small.
func (k alterKitchen) grows(f *plans.Facts, t *schema.Table) int64 {
	seen, ok := f.Alter(t.Ident, k.a.SQL)
	if !ok || seen.Rebuilds || seen.Result == nil || k.a.Prefix != online {
		return t.Bytes
	}
	columns := 0
	for _, x := range seen.Result.Indexes {
		if _, there := t.Index(x.Name); !there {
			columns += len(x.Columns)
		}
	}
	return plans.Share(t, columns)
}
