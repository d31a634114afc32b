package plans

import (
	"errors"
	"fmt"
	"strings"
)

// AddCheck adds a CHECK.
type AddCheck struct {
	Table string `yaml:"table" json:"table"`
	Name  string `yaml:"name" json:"name"`
	Check string `yaml:"check" json:"check"`
}

func (c *AddCheck) kind() string  { return "add_check" }
func (c *AddCheck) table() string { return c.Table }
func (c *AddCheck) validate() error {
	return errors.Join(needed("table", c.Table), needed("name", c.Name), needed("check", c.Check))
}
func (c *AddCheck) words() string {
	return fmt.Sprintf("add check %s to %s: %s", c.Name, c.Table, c.Check)
}
func (c *AddCheck) code() (before, after string) { return keeps(c.Table, c.Name) }

// keeps is what a new constraint asks of code: it holds for new rows from its first statement on.
func keeps(table, name string) (before, after string) {
	return fmt.Sprintf("Code writes no row to %s that breaks %s.", table, name), fmt.Sprintf("The server refuses rows that break %s.", name)
}

// AddForeignKey adds a foreign key.
type AddForeignKey struct {
	Table      string    `yaml:"table" json:"table"`
	Name       string    `yaml:"name" json:"name"`
	Columns    []string  `yaml:"columns" json:"columns"`
	References Reference `yaml:"references" json:"references"`
	OnDelete   string    `yaml:"on_delete,omitempty" json:"on_delete,omitempty"`
	OnUpdate   string    `yaml:"on_update,omitempty" json:"on_update,omitempty"`
}

// Reference is what a foreign key points at.
type Reference struct {
	Table   string   `yaml:"table" json:"table"`
	Columns []string `yaml:"columns" json:"columns"`
}

func (c *AddForeignKey) kind() string  { return "add_foreign_key" }
func (c *AddForeignKey) table() string { return c.Table }
func (c *AddForeignKey) validate() error {
	err := errors.Join(needed("table", c.Table), needed("name", c.Name), needed("references: table", c.References.Table))
	if len(c.Columns) == 0 || len(c.Columns) != len(c.References.Columns) {
		err = errors.Join(err, errors.New("columns: as many are needed as references has, one at least"))
	}
	actions := []string{"no action", "restrict", "cascade", "set null", "set default"}
	return errors.Join(err, oneOf("on_delete", strings.ToLower(c.OnDelete), actions...), oneOf("on_update", strings.ToLower(c.OnUpdate), actions...))
}
func (c *AddForeignKey) words() string {
	return fmt.Sprintf("add foreign key %s from %s (%s) to %s", c.Name, c.Table, strings.Join(c.Columns, ", "), c.References.Table)
}
func (c *AddForeignKey) code() (before, after string) { return keeps(c.Table, c.Name) }

// AddUnique adds a UNIQUE constraint.
type AddUnique struct {
	Table      string   `yaml:"table" json:"table"`
	Name       string   `yaml:"name" json:"name"`
	Columns    []string `yaml:"columns" json:"columns"`
	Include    []string `yaml:"include,omitempty" json:"include,omitempty"`
	NullsEqual bool     `yaml:"nulls_equal,omitempty" json:"nulls_equal,omitempty"` // one NULL only
}

func (c *AddUnique) kind() string    { return "add_unique" }
func (c *AddUnique) table() string   { return c.Table }
func (c *AddUnique) validate() error { return keyFields(c.Table, c.Name, c.Columns) }
func (c *AddUnique) words() string {
	return fmt.Sprintf("add unique %s to %s (%s)", c.Name, c.Table, strings.Join(c.Columns, ", "))
}
func (c *AddUnique) code() (before, after string) { return keeps(c.Table, c.Name) }

func keyFields(table, name string, columns []string) error {
	err := errors.Join(needed("table", table), needed("name", name))
	if len(columns) == 0 {
		err = errors.Join(err, errors.New("columns: at least one is needed"))
	}
	return err
}

// AddPrimaryKey adds a primary key to a table that has none. Its columns become NOT NULL.
type AddPrimaryKey struct {
	Table   string   `yaml:"table" json:"table"`
	Name    string   `yaml:"name" json:"name"`
	Columns []string `yaml:"columns" json:"columns"`
}

func (c *AddPrimaryKey) kind() string    { return "add_primary_key" }
func (c *AddPrimaryKey) table() string   { return c.Table }
func (c *AddPrimaryKey) validate() error { return keyFields(c.Table, c.Name, c.Columns) }
func (c *AddPrimaryKey) words() string {
	return fmt.Sprintf("add primary key %s to %s (%s)", c.Name, c.Table, strings.Join(c.Columns, ", "))
}
func (c *AddPrimaryKey) code() (before, after string) { return keeps(c.Table, c.Name) }

// DropConstraint takes a constraint away, with the index that it may have.
type DropConstraint struct {
	Table string `yaml:"table" json:"table"`
	Name  string `yaml:"name" json:"name"`
}

func (c *DropConstraint) kind() string  { return "drop_constraint" }
func (c *DropConstraint) table() string { return c.Table }
func (c *DropConstraint) validate() error {
	return errors.Join(needed("table", c.Table), needed("name", c.Name))
}
func (c *DropConstraint) words() string {
	return fmt.Sprintf("drop constraint %s of %s", c.Name, c.Table)
}
func (c *DropConstraint) code() (before, after string) {
	return fmt.Sprintf("No code counts on %s.", c.Name), fmt.Sprintf("Rows that %s forbade can be written; they would stand in the way back.", c.Name)
}

// RenameConstraint gives a constraint, and the index that it may have, another name.
type RenameConstraint struct {
	Table string `yaml:"table" json:"table"`
	From  string `yaml:"from" json:"from"`
	To    string `yaml:"to" json:"to"`
}

func (c *RenameConstraint) kind() string  { return "rename_constraint" }
func (c *RenameConstraint) table() string { return c.Table }
func (c *RenameConstraint) validate() error {
	err := errors.Join(needed("table", c.Table), needed("from", c.From), needed("to", c.To))
	if err == nil && c.From == c.To {
		err = fmt.Errorf("rename_constraint: from and to are both %q", c.From)
	}
	return err
}
func (c *RenameConstraint) words() string {
	return fmt.Sprintf("rename constraint %s of %s to %s", c.From, c.Table, c.To)
}
func (c *RenameConstraint) code() (before, after string) {
	return fmt.Sprintf("No code names %s (ON CONFLICT ON CONSTRAINT, or an error's constraint).", c.From), fmt.Sprintf("Errors name %s.", c.To)
}

// ValidateConstraint has the server prove a constraint that holds for new rows only.
type ValidateConstraint struct {
	Table string `yaml:"table" json:"table"`
	Name  string `yaml:"name" json:"name"`
}

func (c *ValidateConstraint) kind() string  { return "validate_constraint" }
func (c *ValidateConstraint) table() string { return c.Table }
func (c *ValidateConstraint) validate() error {
	return errors.Join(needed("table", c.Table), needed("name", c.Name))
}
func (c *ValidateConstraint) words() string {
	return fmt.Sprintf("validate constraint %s of %s", c.Name, c.Table)
}
func (c *ValidateConstraint) code() (before, after string) {
	return fmt.Sprintf("Any code that uses %s.", c.Table), fmt.Sprintf("Every row of %s is known to keep %s.", c.Table, c.Name)
}
