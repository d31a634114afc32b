package lint

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Catalog is a schema in memory, as far as it is known.
type Catalog struct {
	relations map[string]*Relation
	named     map[string][]*Relation // by the name without a schema
	touched   map[*Relation]bool     // by the file at hand
	types     map[string]*Type
	owners    map[string][]*Relation // by the name of an index; one that has gone may still be in here
	// Objects are what has a name beside relations and types.
	Objects Objects
	// Complete: everything that exists is in here, as when it was read from a live server or a whole schema.
	Complete bool
	fold     bool
}

// Relation is a table, a view or a sequence.
type Relation struct {
	schema.Table
	// Fresh: the file at hand made it, so it is empty and nobody uses it.
	Fresh bool
	// New columns, indexes and constraints are the file's own: nobody uses them yet.
	New map[string]bool
	// Was are names that the file at hand took away, so that a new thing of that name can be told.
	Was map[string]bool
	// Partial: it is known to be there, and not all of it is known.
	Partial bool
	// Parent is the partitioned table that this is a partition of, Default whether it takes what no other one takes.
	Parent  string
	Default bool
	// Bound is a partition's bound, or the partitioning of a table, as text.
	Bound string
	// Limits are those of a partition's bound.
	Limits Limits
	// Options are storage settings by their lower-case name: row_format, engine, charset …
	Options map[string]string
	// Uses is what a view reads, or what a default or a generated column needs. Parents are the tables that this one inherits from.
	Uses    []Use
	Parents []*Relation
	// Policies counts row security policies that are known.
	Policies int
	// exact: names inside of it that differ by case alone are two names.
	exact bool
}

func (r *Relation) same(a, b string) bool { return a == b || !r.exact && strings.EqualFold(a, b) }

// Limits are a partition's bound: a range, a list, or a part of a hash. Values are texts; MINVALUE and MAXVALUE are NoLimit.
type Limits struct {
	Lower, Upper, Values []string
	Modulus, Remainder   int
}

// Type is a type that users made.
type Type struct {
	Name   string
	Kind   string // enum, domain, composite, range
	Values []string
	New    map[string]bool // values that were added in the transaction at hand
	Base   string          // of a domain
	Check  bool            // a domain with a constraint
	Fresh  bool
	// Constraints are the names of a domain's.
	Constraints []string
	// Checks are a domain's conditions, as text.
	Checks []string
}

// NewCatalog makes an empty catalog. With fold, names differ by case alone are one name.
func NewCatalog(fold bool) *Catalog {
	return &Catalog{relations: map[string]*Relation{}, named: map[string][]*Relation{}, touched: map[*Relation]bool{}, types: map[string]*Type{}, owners: map[string][]*Relation{}, fold: fold}
}

func (c *Catalog) key(name string) string {
	if c.fold {
		return strings.ToLower(name)
	}
	return name
}

// full is a relation's key; a name without a schema stands for the one of that name in any schema.
func (c *Catalog) full(id schema.Ident) string { return c.key(id.Schema + "." + id.Name) }

// Relation finds a relation; nil when it isn't known. Without a schema it is the one in "public", or the only one of its
// name; with a schema it may be one whose schema isn't known.
func (c *Catalog) Relation(id schema.Ident) *Relation {
	r := c.find(id)
	if r != nil {
		c.touched[r] = true // what is found may be changed
	}
	return r
}

func (c *Catalog) find(id schema.Ident) *Relation {
	if r := c.relations[c.full(id)]; r != nil {
		return r
	}
	if id.Schema != "" {
		return c.relations[c.full(schema.Ident{Name: id.Name})]
	}
	if r := c.relations[c.full(schema.Ident{Schema: "public", Name: id.Name})]; r != nil {
		return r
	}
	if l := c.named[c.key(id.Name)]; len(l) == 1 {
		return l[0]
	}
	return nil
}

// Ensure finds a relation, or adds one of which nothing is known but that it exists.
func (c *Catalog) Ensure(id schema.Ident) *Relation {
	if r := c.Relation(id); r != nil {
		return r
	}
	r := &Relation{Table: schema.Table{Ident: id, Kind: "table"}, Partial: true}
	c.Put(r)
	return r
}

// Put adds a relation or replaces it.
func (c *Catalog) Put(r *Relation) {
	if r.New == nil {
		r.New = map[string]bool{}
	}
	if r.Was == nil {
		r.Was = map[string]bool{}
	}
	if r.Options == nil {
		r.Options = map[string]string{}
	}
	r.exact = !c.fold
	c.forget(c.relations[c.full(r.Ident)])
	c.relations[c.full(r.Ident)] = r
	c.named[c.key(r.Name)] = append(c.named[c.key(r.Name)], r)
	c.touched[r] = true
	for _, x := range r.Indexes {
		c.own(r, x.Name)
	}
}

// Remove forgets a relation.
func (c *Catalog) Remove(id schema.Ident) { c.forget(c.find(id)) }

func (c *Catalog) forget(r *Relation) {
	if r == nil {
		return
	}
	delete(c.relations, c.full(r.Ident))
	delete(c.touched, r)
	k := c.key(r.Name)
	c.named[k] = slices.DeleteFunc(c.named[k], func(o *Relation) bool { return o == r })
}

// Rename gives a relation another name.
func (c *Catalog) Rename(from, to schema.Ident) {
	r := c.Ensure(from)
	c.forget(r)
	if to.Schema == "" {
		to.Schema = r.Schema
	}
	r.Ident = to
	c.Put(r)
}

// Named lists the relations of a name, of whatever schema.
func (c *Catalog) Named(name string) []*Relation { return c.named[c.key(name)] }

// Relations calls f for each relation.
func (c *Catalog) Relations(f func(*Relation)) {
	for _, r := range c.relations {
		f(r)
	}
}

// Type finds a type that users made.
func (c *Catalog) Type(name string) *Type {
	if t := c.types[c.key(name)]; t != nil {
		return t
	}
	return c.types[c.key(name[strings.LastIndexByte(name, '.')+1:])]
}

// Types calls f for each type that users made.
func (c *Catalog) Types(f func(*Type)) {
	for _, t := range c.types {
		f(t)
	}
}

// PutType adds a type.
func (c *Catalog) PutType(t *Type) { c.types[c.key(t.Name)] = t }

// RemoveType forgets a type.
func (c *Catalog) RemoveType(name string) { delete(c.types, c.key(name)) }

// Settle is called between files: what a file made is in use when the next one runs.
func (c *Catalog) Settle() {
	for r := range c.touched {
		r.Fresh = false
		clear(r.New)
		clear(r.Was)
	}
	clear(c.touched)
	c.Objects.settle()
	for _, t := range c.types {
		t.Fresh, t.New = false, nil
	}
}

// Commit makes values of enums usable that were added in the transaction at hand.
func (c *Catalog) Commit() {
	for _, t := range c.types {
		t.New = nil
	}
}

// AddTable puts in a table that was read from a server.
func (c *Catalog) AddTable(t schema.Table) { c.Put(&Relation{Table: t}) }

// AddFacts puts in every table of the facts.
func (c *Catalog) AddFacts(f *plans.Facts) {
	for _, t := range f.Tables {
		c.AddTable(t)
	}
}

// AddIndex gives a relation another index, so that Owner finds it.
func (c *Catalog) AddIndex(r *Relation, x schema.Index) {
	r.Indexes = append(r.Indexes, x)
	c.own(r, x.Name)
}

// RenameIndex gives an index of a relation another name.
func (c *Catalog) RenameIndex(r *Relation, x *schema.Index, name string) {
	x.Name = name
	c.own(r, name)
}

func (c *Catalog) own(r *Relation, index string) {
	if k := c.key(index); !slices.Contains(c.owners[k], r) {
		c.owners[k] = append(c.owners[k], r)
	}
}

// Owner finds the relation that has an index.
func (c *Catalog) Owner(index string) (*Relation, *schema.Index) {
	for _, r := range c.owners[c.key(index)] {
		if x := r.FindIndex(index); x != nil && c.relations[c.full(r.Ident)] == r {
			return r, x
		}
	}
	return nil, nil
}

// Column finds a column by its name, nil when it isn't known.
func (r *Relation) Column(name string) *schema.Column {
	if r == nil {
		return nil
	}
	for i := range r.Columns {
		if r.same(r.Columns[i].Name, name) {
			return &r.Columns[i]
		}
	}
	return nil
}

// DropColumn forgets a column and the indexes on it.
func (r *Relation) DropColumn(name string) {
	keep := r.Columns[:0]
	for _, c := range r.Columns {
		if !r.same(c.Name, name) {
			keep = append(keep, c)
		}
	}
	r.Columns = keep
	r.Was[name] = true
}

// DropIndex forgets an index.
func (r *Relation) DropIndex(name string) {
	keep := r.Indexes[:0]
	for _, x := range r.Indexes {
		if !r.same(x.Name, name) {
			keep = append(keep, x)
		}
	}
	r.Indexes = keep
}

// DropConstraint forgets a constraint and the index behind it.
func (r *Relation) DropConstraint(name string) {
	keep := r.Constraints[:0]
	for _, k := range r.Constraints {
		if k.Incoming || !r.same(k.Name, name) {
			keep = append(keep, k)
		}
	}
	r.Constraints = keep
	r.DropIndex(name)
}

// FindConstraint finds an outgoing constraint, nil when it isn't known.
func (r *Relation) FindConstraint(name string) *schema.Constraint {
	if r == nil {
		return nil
	}
	for i := range r.Constraints {
		if !r.Constraints[i].Incoming && r.same(r.Constraints[i].Name, name) {
			return &r.Constraints[i]
		}
	}
	return nil
}

// FindIndex finds an index, nil when it isn't known.
func (r *Relation) FindIndex(name string) *schema.Index {
	if r == nil {
		return nil
	}
	for i := range r.Indexes {
		if r.same(r.Indexes[i].Name, name) {
			return &r.Indexes[i]
		}
	}
	return nil
}

// PartitionKey lists the columns of a partitioned table's key, as far as its text shows them.
func (r *Relation) PartitionKey() []string {
	return strings.FieldsFunc(r.Bound, func(c rune) bool { return c == ',' || c == '(' || c == ')' || c == ' ' })
}

// NewValues are values of enums that were added in the transaction at hand.
func (c *Catalog) NewValues() map[string]bool {
	out := map[string]bool{}
	for _, t := range c.types {
		for v := range t.New {
			out[v] = true
		}
	}
	return out
}
