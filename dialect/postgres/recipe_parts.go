package postgres

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// The server builds no index of a partitioned table beside traffic. So an index without rows is made on the table alone, one
// is built beside traffic on each partition, and is attached; with the last one the table's is valid. A partition that comes meanwhile gets its index by
// the server, since the table's is there first. An index that is attached can't be detached or dropped by itself: the way back drops the table's, and with
// it all of them.

// throughParts: the operation has to be done to each partition by itself.
func throughParts(o plans.Operation, version int) bool {
	return o.CreateIndex != nil || o.DropIndex != nil || o.AddUnique != nil || o.AddPrimaryKey != nil || o.AddForeignKey != nil && version < partedForeignKey
}

// partedForeignKey is the first version in which a foreign key of a partitioned table can be NOT VALID.
const partedForeignKey = 180000

func (r *recipe) ofParts(o plans.Operation) error {
	for _, p := range r.t.Partitions {
		if p.Kind == "foreign table" {
			return r.refuse("detach it first", "partition %s is a foreign table", p.Ident)
		}
	}
	switch {
	case o.CreateIndex != nil:
		return r.createPartedIndex(o.CreateIndex)
	case o.DropIndex != nil:
		return r.dropPartedIndex(o.DropIndex)
	case o.AddUnique != nil:
		r.out.Objects = []string{o.AddUnique.Name}
		return r.addPartedKey(o.AddUnique.Name, "UNIQUE", uniqueClause(o.AddUnique))
	case o.AddPrimaryKey != nil:
		return r.addPartedPrimaryKey(o.AddPrimaryKey)
	}
	return r.addPartedForeignKey(o.AddForeignKey)
}

// parts are the partitions that have rows, or that are partitioned again.
func (r *recipe) parts(partitioned bool) []schema.Partition {
	var out []schema.Partition
	for _, p := range r.t.Partitions {
		if (p.Kind == schema.PartitionedTable) == partitioned {
			out = append(out, p)
		}
	}
	return out
}

// partIndex is what a partition's index is called, and has to be attached to.
func (r *recipe) partIndex(p schema.Ident, name string) string {
	if p == r.t.Ident {
		return name
	}
	return plans.CutName(p.Name+"_"+name, 63, true)
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// written is a made-up name as the server writes it in a definition.
func written(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return Quote(name)
}

// onPart is an index of a partition, as the server writes it down, made from the table's own.
func onPart(x schema.Index, p schema.Partition, name string) schema.Index {
	head := "CREATE INDEX "
	if x.Unique {
		head = "CREATE UNIQUE INDEX "
	}
	only := ""
	if p.Kind == schema.PartitionedTable {
		only = "ONLY "
	}
	out := plain(x)
	_, rest := cutAt(out.Definition, "USING")
	out.Name, out.Definition, out.Comment = name, head+written(name)+" ON "+only+p.Written+" "+rest, ""
	return out
}

func attached(x schema.Index, to string) schema.Index {
	x.Of = to
	return x
}

// asKey backs a constraint of its name.
func asKey(x schema.Index, kind string) schema.Index {
	x.Constraint, x.Primary = true, kind == "PRIMARY KEY"
	return x
}

// without is an index of a partitioned table to which not all partitions have attached one.
func (r *recipe) without(x schema.Index, of schema.Ident) schema.Index {
	x.Invalid = slices.ContainsFunc(r.t.Partitions, func(p schema.Partition) bool { return p.Of == of })
	return x
}

// attachSQL makes an index one of the partitions of another. What is attached to a partition's index may make that whole, and the server then
// locks the table above for reading, too, when it already holds the lower index: whoever uses the table and waits for that index would be in a
// deadlock. So what is above is locked first, from the top down, as every statement does.
func (r *recipe) attachSQL(p schema.Partition, toIndex, index string) string {
	var above []string
	for of := p.Of; of != r.t.Ident; {
		i := slices.IndexFunc(r.t.Partitions, func(q schema.Partition) bool { return q.Ident == of })
		of = r.t.Partitions[i].Of
		above = append([]string{"ONLY " + relation(of)}, above...)
	}
	attach := fmt.Sprintf("ALTER INDEX %s ATTACH PARTITION %s", inSchemaOf(p.Of, toIndex), inSchemaOf(p.Ident, index))
	if len(above) == 0 {
		return attach
	}
	return "LOCK TABLE " + strings.Join(above, ", ") + " IN ACCESS EXCLUSIVE MODE; " + attach
}

func (r *recipe) dropTopSQL(name string) string {
	return "DROP INDEX IF EXISTS " + inSchemaOf(r.t.Ident, name)
}

// shareLock is what an index takes that is built at once.
var shareLock = plans.Lock{Level: "SHARE", BlocksWrites: true, BoundedMS: plans.LockBudget.Milliseconds()}

const (
	shellWords  = "An index on the partitioned table alone, which reads no row: writes through it wait for that moment. It is valid when each partition has attached one; a partition that is made meanwhile gets its index at once."
	attachWords = "Built CONCURRENTLY on the partition while writes go on, then attached in a moment, for which whoever uses the partition waits. An index that a failure leaves invalid is dropped and built again. Once attached it can only be dropped with the table's: the way back does that, for a moment under a lock on all partitions."
)

func see(name string) []schema.Object { return []schema.Object{{Kind: schema.IndexObject, Name: name}} }

// createPartedIndex begins with those that have no rows, the table's own first.
func (r *recipe) createPartedIndex(c *plans.CreateIndex) error {
	if err := r.free(c.Name); err != nil {
		return err
	}
	r.out.Objects = []string{c.Name}
	x, _ := r.made.Index(c.Name)
	shell := func(id schema.Ident, x schema.Index) (string, []schema.Index) {
		named := *c
		named.Name = x.Name
		return indexSQL(&named, "ONLY "+relation(id), ""), []schema.Index{plain(x)}
	}
	r.shells(x, shareLock, r.dropTopSQL(c.Name), shell, func(id schema.Ident, name string) string { return "DROP INDEX IF EXISTS " + inSchemaOf(id, name) })
	for _, p := range r.parts(false) {
		if own, ok := fitting(p, onPart(x, p, "")); ok {
			r.attachFitting(p, own, c.Name)
			continue
		}
		made := onPart(x, p, r.partIndex(p.Ident, c.Name))
		drop := "DROP INDEX CONCURRENTLY IF EXISTS " + inSchemaOf(p.Ident, made.Name)
		named := *c // the change's own words, since the server may write down its own otherwise
		named.Name = made.Name
		r.leaf(p, c.Name, made, plans.Step{SQL: []string{indexSQL(&named, relation(p.Ident), beside)}, Undo: []string{r.dropTopSQL(c.Name), drop}}, drop, made)
	}
	return nil
}

// shells makes what has no rows: on the table, and on each partition that is partitioned again, where it is attached at once.
func (r *recipe) shells(x schema.Index, lock plans.Lock, dropTop string, write func(schema.Ident, schema.Index) (string, []schema.Index), drop func(schema.Ident, string) string) {
	sql, states := write(r.t.Ident, x)
	a := &plans.Act{Phase: plans.Expand, Does: "make index " + x.Name + " of the table alone", Sees: see(x.Name)}
	a.Before = a.Looks(nothing())
	for _, s := range states {
		a.After = append(a.After, a.Looks(withIndex(r.without(s, r.t.Ident))))
	}
	r.add(plans.Step{SQL: []string{sql}, Undo: []string{dropTop}, Lock: lock, Act: a, Because: shellWords})
	for _, p := range r.parts(true) {
		own := onPart(x, p, r.partIndex(p.Ident, x.Name))
		sql, states := write(p.Ident, own)
		of := r.partIndex(p.Of, x.Name)
		a := &plans.Act{Phase: plans.Expand, On: p.Ident, Does: "make index " + own.Name + " of partition " + p.Name + " alone", Sees: see(own.Name)}
		a.Before = a.Looks(nothing())
		for _, s := range append(states, attached(states[len(states)-1], of)) {
			a.After = append(a.After, a.Looks(withIndex(r.without(s, p.Ident))))
		}
		r.add(plans.Step{SQL: []string{sql, r.attachSQL(p, of, own.Name)}, Undo: []string{dropTop, drop(p.Ident, own.Name)}, Lock: accessExclusive, Act: a, Because: shellWords})
	}
}

// leaf is the step of a partition: st.SQL makes what is attached at last, and the states are what shows after each statement.
func (r *recipe) leaf(p schema.Partition, top string, made schema.Index, st plans.Step, drop string, states ...schema.Index) {
	of := r.partIndex(p.Of, top)
	a := &plans.Act{Phase: plans.Expand, On: p.Ident, Does: fmt.Sprintf("build index %s of partition %s and attach it", made.Name, p.Name), Sees: see(made.Name)}
	a.Before = a.Looks(nothing())
	for _, s := range append(states, attached(states[len(states)-1], of)) {
		a.After = append(a.After, a.Looks(withIndex(s)))
	}
	a.Broken = []plans.Broken{{Shows: a.Looks(withIndex(invalid(made))), Clean: []string{drop}}}
	st.SQL = append(st.SQL, r.attachSQL(p, of, made.Name))
	st.Lock, st.Scans, st.Estimate, st.Act, st.Because = accessExclusive, true, r.partReads(), a, attachWords
	r.add(st)
}

// partReads is what reading one partition costs, if all are alike.
func (r *recipe) partReads() plans.Estimate {
	e, n := r.reads(500_000), int64(len(r.parts(false)))
	return plans.Estimate{Rows: e.Rows / n, Bytes: e.Bytes / n, Seconds: e.Seconds / float64(n)}
}

// fitting is an index that the partition has already. One that keeps values unique is left alone, since the way back would have to
// drop it and build it anew, and so is one that the server could write otherwise then.
func fitting(p schema.Partition, made schema.Index) (schema.Index, bool) {
	_, want := cutAt(made.Definition, "USING")
	for _, x := range p.Indexes {
		_, rest := cutAt(x.Definition, "USING")
		if x.Of == "" && !x.Unique && !made.Unique && !x.Invalid && rest == want && strings.Count(rest, "(") == 1 && !strings.Contains(rest, " WHERE ") {
			return x, true
		}
	}
	return schema.Index{}, false
}

// attachFitting takes an index that is there. With the table's it goes, too, so the way back builds it anew.
func (r *recipe) attachFitting(p schema.Partition, x schema.Index, top string) {
	of := r.partIndex(p.Of, top)
	a := &plans.Act{Phase: plans.Expand, On: p.Ident, Does: fmt.Sprintf("attach index %s of partition %s", x.Name, p.Name), Sees: indexObjects(x.Name)}
	a.Before, a.After = a.Looks(withIndex(x)), looks(a, withIndex(attached(x, of)))
	a.Undone = looks(a, nothing())
	a.Broken = []plans.Broken{{Shows: a.Looks(withIndex(invalid(withoutComment(x)))), Clean: []string{"DROP INDEX CONCURRENTLY IF EXISTS " + inSchemaOf(p.Ident, x.Name)}}}
	st := plans.Step{SQL: []string{r.attachSQL(p, of, x.Name)}, Undo: []string{r.dropTopSQL(top), concurrentIndex(x.Definition)}, Lock: accessExclusive, Act: a,
		Because: "The partition has a fitting index already, which is attached in a moment. Once attached it can only be dropped with the table's: the way back builds it anew beside traffic."}
	if x.Comment != "" {
		st.Undo = append(st.Undo, fmt.Sprintf("COMMENT ON INDEX %s IS %s", inSchemaOf(p.Ident, x.Name), literal(x.Comment)))
		a.Undone = append(a.Undone, a.Looks(withIndex(withoutComment(x))))
	}
	r.add(st)
}

// addPartedPrimaryKey makes the columns NOT NULL first, as on any table.
func (r *recipe) addPartedPrimaryKey(c *plans.AddPrimaryKey) error {
	if err := r.keyColumns(c); err != nil {
		return err
	}
	r.out.Objects = append(r.out.Objects, c.Name)
	return r.addPartedKey(c.Name, "PRIMARY KEY", "PRIMARY KEY ("+quoteAll(c.Columns)+")")
}

// addPartedKey does the same with constraints.
func (r *recipe) addPartedKey(name, kind, clause string) error {
	if err := r.free(name); err != nil {
		return err
	}
	x, _ := r.made.Index(name)
	dropTop := r.dropConstraintSQL(name)
	drop := func(id schema.Ident, name string) string {
		return fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s", relation(id), Quote(name))
	}
	shell := func(id schema.Ident, x schema.Index) (string, []schema.Index) {
		return addConstraint("ALTER TABLE ONLY "+relation(id), x.Name, clause), []schema.Index{asKey(x, kind)}
	}
	r.shells(x, accessExclusive, dropTop, shell, drop)
	for _, p := range r.parts(false) {
		made := onPart(x, p, r.partIndex(p.Ident, name))
		dropIndex := "DROP INDEX CONCURRENTLY IF EXISTS " + inSchemaOf(p.Ident, made.Name)
		use := addConstraint("ALTER TABLE "+relation(p.Ident), made.Name, kind+" USING INDEX "+Quote(made.Name))
		r.leaf(p, name, made, plans.Step{SQL: []string{concurrentIndex(made.Definition), use}, Undo: []string{dropTop, drop(p.Ident, made.Name), dropIndex}}, dropIndex, made, asKey(made, kind))
	}
	return nil
}

// dropPartedIndex drops all of them at once. The way back builds those of the partitions first, beside traffic, and then makes the table's of
// them: so their steps come behind it, and find nothing to do.
func (r *recipe) dropPartedIndex(d *plans.DropIndex) error {
	x, ok := r.t.Index(d.Name)
	if !ok {
		return r.input("there is no such index on %s", r.t.Ident)
	}
	if err := r.mayDrop(x); err != nil {
		return err
	}
	again, _ := r.made.Index(x.Name)
	_, was := cutAt(plain(x).Definition, "USING")
	_, is := cutAt(plain(again).Definition, "USING")
	r.out.Objects = []string{x.Name}
	a := &plans.Act{Phase: plans.Contract, Does: "drop index " + x.Name + " with those of all partitions", Sees: indexObjects(x.Name), Otherwise: otherwise(was, is)}
	bare := withoutComment(x)
	st := plans.Step{SQL: []string{r.dropTopSQL(x.Name)}, Undo: []string{bare.Definition}, Lock: accessExclusive, Act: a,
		Because: "The server drops an index of a partitioned table under a lock on all partitions; a moment's work in the catalog. It can't be hidden first; the way back builds the partitions' indexes anew beside traffic and makes the table's of them."}
	a.Before, a.After = a.Looks(withIndex(x)), looks(a, nothing())
	a.Undone = looks(a, withIndex(r.without(bare, r.t.Ident))) // an index is attached again without harm
	leaves, err := r.dropsOfParts(x, &st)
	if err != nil {
		return err
	}
	if x.Comment != "" {
		for len(a.Undone) < len(st.Undo)-1 {
			a.Undone = append(a.Undone, a.Undone[0])
		}
		st.Undo = append(st.Undo, fmt.Sprintf("COMMENT ON INDEX %s IS %s", inSchemaOf(r.t.Ident, x.Name), literal(x.Comment)))
		a.Undone = append(a.Undone, a.Looks(withIndex(bare)))
	}
	r.add(st)
	for _, l := range leaves {
		l.Act.Otherwise = a.Otherwise
		r.add(l)
	}
	return nil
}

// dropsOfParts adds to the way back of the table's index what makes it of those of the partitions, and are the steps that build them.
func (r *recipe) dropsOfParts(x schema.Index, top *plans.Step) (leaves []plans.Step, err error) {
	names := map[schema.Ident]string{r.t.Ident: x.Name}
	for _, p := range r.t.Partitions { // who has partitions comes before them
		at := slices.IndexFunc(p.Indexes, func(y schema.Index) bool { return y.Of != "" && y.Of == names[p.Of] })
		if at < 0 {
			return nil, r.refuse("", "partition %s has no index of it that backs no constraint", p.Ident)
		}
		own := p.Indexes[at]
		names[p.Ident] = own.Name
		if p.Kind == schema.PartitionedTable {
			top.Undo = append(top.Undo, strings.Replace(own.Definition, " INDEX ", " INDEX IF NOT EXISTS ", 1))
		} else {
			leaves = append(leaves, r.dropOfPart(p, own))
		}
		top.Undo = append(top.Undo, r.attachSQL(p, names[p.Of], own.Name))
	}
	return leaves, nil
}

func (r *recipe) dropOfPart(p schema.Partition, x schema.Index) plans.Step {
	x.Of = ""
	drop := []string{"DROP INDEX CONCURRENTLY IF EXISTS " + inSchemaOf(p.Ident, x.Name)}
	a := &plans.Act{Phase: plans.Contract, On: p.Ident, Does: "drop index " + x.Name + " of partition " + p.Name, Sees: indexObjects(x.Name)}
	a.Before, a.After = a.Looks(withIndex(x)), looks(a, nothing())
	bare := withoutComment(x)
	a.Broken = []plans.Broken{{Shows: a.Looks(withIndex(invalid(bare))), Clean: drop}}
	st := plans.Step{SQL: drop, Undo: []string{concurrentIndex(x.Definition)}, Lock: plans.Lock{Level: readLock.Level}, Act: a,
		Because: "It has gone with the table's. The way back begins here: it builds the partition's index beside traffic."}
	if x.Comment != "" {
		st.Undo = append(st.Undo, fmt.Sprintf("COMMENT ON INDEX %s IS %s", inSchemaOf(p.Ident, x.Name), literal(x.Comment)))
		a.Undone = looks(a, withIndex(bare))
	}
	return st
}

// addPartedForeignKey: before PostgreSQL 18 a foreign key of a partitioned table can't be NOT VALID. So each partition gets its own, which is
// validated by itself; the table's then takes them over and reads no row.
func (r *recipe) addPartedForeignKey(c *plans.AddForeignKey) error {
	if err := r.free(c.Name); err != nil {
		return err
	}
	r.out.Objects = []string{c.Name}
	key, _ := r.made.Constraint(c.Name)
	clause := foreignKeyClause(c, relation(schema.ParseIdent(c.References.Table)))
	sees := []schema.Object{{Kind: schema.ConstraintObject, Name: c.Name}}
	for _, p := range r.parts(false) {
		alter := "ALTER TABLE " + relation(p.Ident)
		a := &plans.Act{Phase: plans.Expand, On: p.Ident, Does: fmt.Sprintf("add foreign key %s to partition %s and validate it", c.Name, p.Name), Sees: sees}
		a.Before, a.After = a.Looks(nothing()), looks(a, withConstraint(notValid(key)), withConstraint(key))
		r.add(plans.Step{SQL: []string{addConstraint(alter, c.Name, clause+" NOT VALID"), alter + " VALIDATE CONSTRAINT " + Quote(c.Name)}, Undo: []string{alter + " DROP CONSTRAINT IF EXISTS " + Quote(c.Name)},
			Lock: shareRow, Scans: true, Estimate: r.partReads(), Act: a,
			Because: "This version has no foreign key of a partitioned table that is NOT VALID. Each partition's holds for new rows at once and is validated in a transaction of its own while writes go on."})
	}
	a := &plans.Act{Phase: plans.Expand, Does: "make foreign key " + c.Name + " of those of the partitions", Sees: sees}
	a.Before, a.After = a.Looks(nothing()), looks(a, withConstraint(key))
	r.add(plans.Step{SQL: []string{addConstraint("ALTER TABLE "+r.rel(), c.Name, clause)}, Undo: []string{r.dropConstraintSQL(c.Name)}, Lock: accessExclusive, Act: a,
		Because: "The table's foreign key takes over those of its partitions, for a moment under a lock on all of them, and reads no row. The way back drops them with it."})
	return nil
}
