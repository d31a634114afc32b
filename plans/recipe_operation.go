package plans

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// native is an operation that a server can do by itself, or that is always done on a shadow.
type native interface {
	kind() string // as a change file calls it
	table() string
	validate() error
	// words say it to people.
	words() string
	// code says what the application must be doing around the phase in which it happens.
	code() (before, after string)
}

// natives are the operations that are set: one at most, in a change that is valid.
func (o Operation) natives() []native {
	var out []native
	add := func(set bool, n native) {
		if set {
			out = append(out, n)
		}
	}
	add(o.CreateIndex != nil, o.CreateIndex)
	add(o.DropIndex != nil, o.DropIndex)
	add(o.AddCheck != nil, o.AddCheck)
	add(o.AddForeignKey != nil, o.AddForeignKey)
	add(o.AddUnique != nil, o.AddUnique)
	add(o.AddPrimaryKey != nil, o.AddPrimaryKey)
	add(o.DropConstraint != nil, o.DropConstraint)
	add(o.RenameConstraint != nil, o.RenameConstraint)
	add(o.ValidateConstraint != nil, o.ValidateConstraint)
	add(o.AddColumn != nil, o.AddColumn)
	add(o.DropColumn != nil, o.DropColumn)
	add(o.SetDefault != nil, o.SetDefault)
	add(o.DropDefault != nil, o.DropDefault)
	add(o.SetComment != nil, o.SetComment)
	add(o.ReplaceIndex != nil, o.ReplaceIndex)
	add(o.SetReplicaIdentity != nil, o.SetReplicaIdentity)
	add(o.CreateTrigger != nil, o.CreateTrigger)
	add(o.DropTrigger != nil, o.DropTrigger)
	add(o.SetTrigger != nil, o.SetTrigger)
	add(o.AddEnumValue != nil, o.AddEnumValue)
	add(o.RenameEnumValue != nil, o.RenameEnumValue)
	add(o.CreateTable != nil, o.CreateTable)
	add(o.DropTable != nil, o.DropTable)
	add(o.RenameTable != nil, o.RenameTable)
	add(o.PartitionTable != nil, o.PartitionTable)
	add(o.RewriteTable != nil, o.RewriteTable)
	return out
}

// native is the operation that is set, if it is one of those.
func (o Operation) native() native {
	for _, n := range o.natives() {
		return n
	}
	return nil
}

// kind is what a change file calls an operation of a recipe. One of them is done by a column sync elsewhere.
func (o Operation) kind() string {
	if n := o.native(); n != nil {
		return n.kind()
	}
	return "set_not_null"
}

// codeIn is what the application must be doing around a phase in which something of the operation is done.
func (o Operation) codeIn(ph PhaseName) [2]string {
	if n, ok := o.native().(interface {
		codeIn(PhaseName) (before, after string)
	}); ok {
		before, after := n.codeIn(ph)
		return [2]string{before, after}
	}
	return o.code()
}

func (o Operation) code() [2]string {
	n := o.native()
	if n == nil {
		return [2]string{fmt.Sprintf("Code writes no NULL to %s.%s.", o.SetNotNull.Table, o.SetNotNull.Column), fmt.Sprintf("The server refuses NULL in %s.%s.", o.SetNotNull.Table, o.SetNotNull.Column)}
	}
	before, after := n.code()
	return [2]string{before, after}
}

// Words say an operation to people.
func (o Operation) Words() string {
	switch {
	case o.RenameColumn != nil:
		r := o.RenameColumn
		return fmt.Sprintf("rename column %s.%s to %s", r.Table, r.From, r.To)
	case o.SplitColumn != nil:
		var into []string
		for _, p := range o.SplitColumn.Into {
			into = append(into, p.Name)
		}
		return fmt.Sprintf("split column %s.%s into %s", o.SplitColumn.Table, o.SplitColumn.Column, strings.Join(into, ", "))
	case o.MergeColumns != nil:
		return fmt.Sprintf("merge columns %s of %s into %s", strings.Join(o.MergeColumns.From.Names(), ", "), o.MergeColumns.Table, o.MergeColumns.Into)
	case o.MoveColumns != nil:
		return fmt.Sprintf("move columns %s of %s to %s", strings.Join(o.MoveColumns.Columns, ", "), o.MoveColumns.Table, o.MoveColumns.To)
	case o.ChangeType != nil:
		return fmt.Sprintf("change the type of column %s.%s to %s", o.ChangeType.Table, o.ChangeType.Column, o.ChangeType.Type)
	case o.SetNotNull != nil:
		return fmt.Sprintf("make column %s.%s NOT NULL", o.SetNotNull.Table, o.SetNotNull.Column)
	case o.AlterTable != nil:
		return fmt.Sprintf("alter table %s %s", o.AlterTable.Table, o.AlterTable.SQL)
	}
	if n := o.native(); n != nil {
		return n.words()
	}
	return "?"
}

// CreateIndex builds an index.
type CreateIndex struct {
	Table      string     `yaml:"table" json:"table"`
	Name       string     `yaml:"name" json:"name"`
	Columns    IndexParts `yaml:"columns" json:"columns"`
	Unique     bool       `yaml:"unique,omitempty" json:"unique,omitempty"`
	Method     string     `yaml:"method,omitempty" json:"method,omitempty"` // btree (default), gin, gist, brin, hash …
	Include    []string   `yaml:"include,omitempty" json:"include,omitempty"`
	NullsEqual bool       `yaml:"nulls_equal,omitempty" json:"nulls_equal,omitempty"` // a unique index takes one NULL only
	Where      string     `yaml:"where,omitempty" json:"where,omitempty"`
	With       string     `yaml:"with,omitempty" json:"with,omitempty"` // storage parameters
}

// IndexPart is one key of an index: a column, or an expression.
type IndexPart struct {
	Column     string `yaml:"column,omitempty" json:"column,omitempty"`
	Expression string `yaml:"expression,omitempty" json:"expression,omitempty"`
	Collation  string `yaml:"collation,omitempty" json:"collation,omitempty"` // SQL: a name, quoted where it must be
	Operators  string `yaml:"operators,omitempty" json:"operators,omitempty"` // SQL: an operator class, with its parameters
	Descending bool   `yaml:"descending,omitempty" json:"descending,omitempty"`
	Nulls      string `yaml:"nulls,omitempty" json:"nulls,omitempty"` // first or last
}

// IndexParts are written as columns' names, or as maps.
type IndexParts []IndexPart

// UnmarshalYAML reads "[a, {column: b, descending: true}, {expression: lower(c)}]".
func (p *IndexParts) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		return fmt.Errorf("line %d: columns wants a list", n.Line)
	}
	for _, v := range n.Content {
		var part IndexPart
		if v.Kind == yaml.ScalarNode {
			part.Column = v.Value
		} else if err := v.Decode(&part); err != nil {
			return err
		}
		*p = append(*p, part)
	}
	return nil
}

// Names are the columns that are keys as they are.
func (p IndexParts) Names() []string {
	var out []string
	for _, part := range p {
		if part.Column != "" {
			out = append(out, part.Column)
		}
	}
	return out
}

func (p IndexPart) validate() error {
	if (p.Column == "") == (p.Expression == "") {
		return errors.New("columns: each is a column or an expression")
	}
	return oneOf("nulls", p.Nulls, "first", "last")
}

func (c *CreateIndex) kind() string  { return "create_index" }
func (c *CreateIndex) table() string { return c.Table }

func (c *CreateIndex) validate() error {
	err := errors.Join(needed("table", c.Table), needed("name", c.Name))
	if len(c.Columns) == 0 {
		err = errors.Join(err, errors.New("columns: at least one is needed"))
	}
	for _, p := range c.Columns {
		err = errors.Join(err, p.validate())
	}
	if c.NullsEqual && !c.Unique {
		err = errors.Join(err, errors.New("nulls_equal is for a unique index"))
	}
	return err
}

func (c *CreateIndex) words() string {
	what := "create index"
	if c.Unique {
		what = "create unique index"
	}
	return fmt.Sprintf("%s %s on %s", what, c.Name, c.Table)
}

func (c *CreateIndex) code() (before, after string) {
	if c.Unique {
		return fmt.Sprintf("Code writes no row to %s that has the key of another.", c.Table), fmt.Sprintf("The server refuses a second row with the same key of %s.", c.Name)
	}
	return fmt.Sprintf("Any code that uses %s.", c.Table), fmt.Sprintf("Queries can use %s.", c.Name)
}

// ReplaceIndex builds an index under the name of one that is there, and takes that one away.
type ReplaceIndex struct {
	CreateIndex `yaml:",inline"`
}

func (c *ReplaceIndex) kind() string  { return "replace_index" }
func (c *ReplaceIndex) words() string { return fmt.Sprintf("replace index %s of %s", c.Name, c.Table) }
func (c *ReplaceIndex) code() (before, after string) {
	before, after = c.CreateIndex.code()
	return before + fmt.Sprintf(" No query needs the former %s.", c.Name), after
}

// DropIndex takes an index away.
type DropIndex struct {
	Table string `yaml:"table" json:"table"`
	Name  string `yaml:"name" json:"name"`
}

func (d *DropIndex) kind() string  { return "drop_index" }
func (d *DropIndex) table() string { return d.Table }
func (d *DropIndex) validate() error {
	return errors.Join(needed("table", d.Table), needed("name", d.Name))
}
func (d *DropIndex) words() string { return fmt.Sprintf("drop index %s of %s", d.Name, d.Table) }
func (d *DropIndex) code() (before, after string) {
	return fmt.Sprintf("No query needs %s.", d.Name), fmt.Sprintf("%s is gone.", d.Name)
}
