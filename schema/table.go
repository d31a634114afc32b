package schema

import "strings"

// Table is one relation as the server describes it.
type Table struct {
	Ident
	Columns     []Column     `json:"columns"`
	Indexes     []Index      `json:"indexes,omitempty"`
	Constraints []Constraint `json:"constraints,omitempty"`
	Triggers    []Trigger    `json:"triggers,omitempty"`
	Dependents  []Dependent  `json:"dependents,omitempty"`
	Grants      []Grant      `json:"grants,omitempty"` // column grants only
	Statistics  []Statistics `json:"statistics,omitempty"`
	Settings    []string     `json:"settings,omitempty"` // of the table as a whole, as clauses of ALTER TABLE, where the server has such
	Comment     string       `json:"comment,omitempty"`
	// Definition tells a view apart: what it reads. A table has none.
	Definition string   `json:"definition,omitempty"`
	Labels     []string `json:"labels,omitempty"`  // values of an enum type, in their order
	Storage    string   `json:"storage,omitempty"` // engine or access method
	// Partitions are all those below a table of kind PartitionedTable, those of partitions too, each behind the one that it is of.
	Partitions  []Partition `json:"partitions,omitempty"`
	Partitioned bool        `json:"partitioned,omitempty"`
	// Kind is "table"; "view", "partition", "temporary" … are told apart so
	// that a planner can refuse what it can't change. A type of its own that columns
	// have is told the same way, where the server has such: its kind is EnumType or Domain, and a
	// domain's only column is what it allows.
	Kind string `json:"kind"`
	// NoInstant says why columns can't be added to or dropped from this very table by
	// metadata alone, where the server otherwise can. It is no part of the fingerprint.
	NoInstant string `json:"no_instant,omitempty"`
	// RowLimit and the sizes are estimates of the server and never part of the
	// fingerprint.
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
}

// Absent is the kind of a table that isn't there, of which nothing but its name is known.
const Absent = "absent"

// View is the kind of a view.
const View = "view"

// The kinds of types that are described as tables are.
const (
	EnumType = "enum type"
	Domain   = "domain"
)

// PartitionedTable is the kind of a table whose rows are in partitions that are tables of their own, and that is itself none of another.
const PartitionedTable = "partitioned table"

// Partition is a table that holds a part of another one's rows, or is put into partitions itself.
type Partition struct {
	Ident
	Of      Ident   `json:"of"`
	Kind    string  `json:"kind"`    // "table", PartitionedTable or "foreign table"
	Written string  `json:"written"` // its name as the server writes it in definitions
	Indexes []Index `json:"indexes,omitempty"`
	// NotNull are the columns that hold no NULL in it, be it by itself or as in the whole table.
	NotNull []string `json:"not_null,omitempty"`
}

// TypeClass groups column types by how their values are compared and written.
type TypeClass string

// The classes. Opaque is everything whose equality only the stored bytes tell.
const (
	Integer  TypeClass = "integer"
	Decimal  TypeClass = "decimal"
	Float    TypeClass = "float"
	Text     TypeClass = "text"
	Binary   TypeClass = "binary"
	Temporal TypeClass = "temporal"
	Boolean  TypeClass = "boolean"
	UUID     TypeClass = "uuid"
	JSON     TypeClass = "json"
	Opaque   TypeClass = "opaque"
)

// Column is one column. Type, Default and Generated are the server's own text.
type Column struct {
	Name      string    `json:"name"`
	Type      string    `json:"type"`
	Class     TypeClass `json:"class"`
	Nullable  bool      `json:"nullable,omitempty"`
	Default   *string   `json:"default,omitempty"` // an SQL expression, ready to be used after DEFAULT
	Generated string    `json:"generated,omitempty"`
	Identity  string    `json:"identity,omitempty"` // how the server numbers rows by itself: "auto_increment", "always", "by default", "serial"
	OnUpdate  string    `json:"on_update,omitempty"`
	Collation string    `json:"collation,omitempty"`
	Charset   string    `json:"charset,omitempty"`
	Comment   string    `json:"comment,omitempty"`
	Invisible bool      `json:"invisible,omitempty"`
	// Statistics is a per-column statistics target, where the server has one and it was set.
	Statistics *int `json:"statistics,omitempty"`
	// Definition is the column's own clause as the server prints it (without the
	// name), where the server prints one.
	Definition string `json:"definition,omitempty"`
}

// Index is one index. Definition is the server's own statement or clause.
type Index struct {
	Name       string        `json:"name"`
	Columns    []IndexColumn `json:"columns"`
	Include    []string      `json:"include,omitempty"`
	Unique     bool          `json:"unique,omitempty"`
	Primary    bool          `json:"primary,omitempty"`
	Constraint bool          `json:"constraint,omitempty"` // backs a constraint of the same name
	Method     string        `json:"method,omitempty"`
	Predicate  string        `json:"predicate,omitempty"`
	Definition string        `json:"definition,omitempty"`
	Comment    string        `json:"comment,omitempty"`
	// ConstraintComment is on the constraint that the index backs, where that has one of its own.
	ConstraintComment string `json:"constraint_comment,omitempty"`
	Invalid           bool   `json:"invalid,omitempty"`
	Invisible         bool   `json:"invisible,omitempty"`
	// Of is the index of the partitioned table that this one is a partition of.
	Of string `json:"of,omitempty"`
	// NullsEqual is UNIQUE NULLS NOT DISTINCT.
	NullsEqual bool `json:"nulls_equal,omitempty"`
	// Uses lists every column that the index names anywhere: key, INCLUDE,
	// expression or predicate.
	Uses []string `json:"uses,omitempty"`
}

// IndexColumn is one key part: a column or an expression.
type IndexColumn struct {
	Name       string `json:"name,omitempty"`
	Expression string `json:"expression,omitempty"`
	Descending bool   `json:"descending,omitempty"`
	NullsFirst bool   `json:"nulls_first,omitempty"`
	Prefix     int    `json:"prefix,omitempty"` // in characters; 0: whole value
}

// ConstraintKind tells constraints apart.
type ConstraintKind string

// The kinds of constraints. Unique and primary keys are Indexes with Constraint set.
const (
	Check      ConstraintKind = "check"
	ForeignKey ConstraintKind = "foreign_key"
	Exclusion  ConstraintKind = "exclusion"
)

// Constraint is a check or a foreign key. A foreign key that points at this
// table from another one is Incoming; Columns are then this table's.
type Constraint struct {
	Name       string         `json:"name"`
	Kind       ConstraintKind `json:"kind"`
	Columns    []string       `json:"columns,omitempty"`
	Definition string         `json:"definition"`
	Ref        Ident          `json:"ref,omitzero"`
	RefColumns []string       `json:"ref_columns,omitempty"`
	OnDelete   string         `json:"on_delete,omitempty"` // upper case: CASCADE, SET NULL, NO ACTION …
	OnUpdate   string         `json:"on_update,omitempty"`
	NotValid   bool           `json:"not_valid,omitempty"`
	Incoming   bool           `json:"incoming,omitempty"`
	Comment    string         `json:"comment,omitempty"`
}

// Trigger is one row or statement trigger, ours or the user's.
type Trigger struct {
	Name    string `json:"name"`
	Timing  string `json:"timing"` // BEFORE, AFTER, INSTEAD OF
	Event   string `json:"event"`  // INSERT, UPDATE, DELETE, joined by " OR "
	Enabled string `json:"enabled,omitempty"`
	Definer string `json:"definer,omitempty"`
	Body    string `json:"body,omitempty"` // definition or its digest
	Comment string `json:"comment,omitempty"`
	Order   int    `json:"order,omitempty"`
}

// Dependent is something outside the table that names one of its columns: a
// view, a rule, a policy, a publication, a generated column, a routine.
type Dependent struct {
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	Columns []string `json:"columns,omitempty"` // empty: the table as a whole
}

// Grant is a privilege on one column.
type Grant struct {
	Grantee   string `json:"grantee"`
	Column    string `json:"column"`
	Privilege string `json:"privilege"`
	Grantable bool   `json:"grantable,omitempty"`
}

// Statistics is an object that has the server gather numbers about several
// columns or an expression.
type Statistics struct {
	Name       string   `json:"name"`
	Uses       []string `json:"uses"`
	Definition string   `json:"definition"`
}

// Column finds a column by its exact name.
func (t *Table) Column(name string) (Column, bool) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

// Index finds an index by its exact name.
func (t *Table) Index(name string) (Index, bool) {
	for _, x := range t.Indexes {
		if x.Name == name {
			return x, true
		}
	}
	return Index{}, false
}

// Constraint finds an outgoing constraint by its exact name.
func (t *Table) Constraint(name string) (Constraint, bool) {
	for _, c := range t.Constraints {
		if c.Name == name && !c.Incoming {
			return c, true
		}
	}
	return Constraint{}, false
}

// Trigger finds a trigger by its exact name.
func (t *Table) Trigger(name string) (Trigger, bool) {
	for _, g := range t.Triggers {
		if g.Name == name {
			return g, true
		}
	}
	return Trigger{}, false
}

// Setting finds what is set on the table as a whole, by the words that its clause begins with; "" where
// the server's own default holds.
func (t *Table) Setting(name string) string {
	for _, c := range t.Settings {
		if strings.HasPrefix(c, name+" ") {
			return c
		}
	}
	return ""
}

// Key returns the index that a backfill walks: the primary key, else the
// narrowest usable unique index. Usable is: unique, valid, visible, whole columns, no expression,
// no predicate, every column NOT NULL. ok is false when there is none.
func (t *Table) Key() (Index, bool) {
	var best Index
	found := false
	for _, x := range t.Indexes {
		if !t.usableKey(x) {
			continue
		}
		if x.Primary {
			return x, true
		}
		if !found || len(x.Columns) < len(best.Columns) || len(x.Columns) == len(best.Columns) && x.Name < best.Name {
			best, found = x, true
		}
	}
	return best, found
}

func (t *Table) usableKey(x Index) bool {
	if !x.Unique || x.Invalid || x.Predicate != "" || x.Invisible {
		return false
	}
	for _, p := range x.Columns {
		c, ok := t.Column(p.Name)
		if !ok || c.Nullable || p.Prefix > 0 || p.Expression != "" {
			return false
		}
	}
	return true
}
