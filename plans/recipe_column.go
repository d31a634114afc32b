package plans

import (
	"errors"
	"fmt"
)

// AddColumn adds a column.
type AddColumn struct {
	Table     string `yaml:"table" json:"table"`
	Name      string `yaml:"name" json:"name"`
	Type      string `yaml:"type" json:"type"`
	Default   string `yaml:"default,omitempty" json:"default,omitempty"`
	NotNull   bool   `yaml:"not_null,omitempty" json:"not_null,omitempty"`
	Generated string `yaml:"generated,omitempty" json:"generated,omitempty"` // SQL; computed when it is read
	Stored    bool   `yaml:"stored,omitempty" json:"stored,omitempty"`       // what is computed is kept with the row
	Comment   string `yaml:"comment,omitempty" json:"comment,omitempty"`
}

// Keeps is the word that says when a generated column is computed.
func (c *AddColumn) Keeps() string {
	if c.Stored {
		return "STORED"
	}
	return "VIRTUAL"
}

func (c *AddColumn) kind() string  { return "add_column" }
func (c *AddColumn) table() string { return c.Table }
func (c *AddColumn) validate() error {
	err := errors.Join(needed("table", c.Table), needed("name", c.Name), needed("type", c.Type))
	if c.Default != "" && c.Generated != "" {
		err = errors.Join(err, errors.New("default and generated exclude each other"))
	}
	if c.Stored && c.Generated == "" {
		err = errors.Join(err, errors.New("stored is for a column that is generated"))
	}
	return err
}
func (c *AddColumn) words() string {
	return fmt.Sprintf("add column %s %s to %s", c.Name, c.Type, c.Table)
}
func (c *AddColumn) code() (before, after string) {
	return fmt.Sprintf("Code names the columns of %s that it reads and writes.", c.Table), fmt.Sprintf("Code may use %s.%s.", c.Table, c.Name)
}

// DropColumn takes a column away: it is hidden, rests, and is dropped.
type DropColumn struct {
	Table  string `yaml:"table" json:"table"`
	Column string `yaml:"column" json:"column"`
}

func (c *DropColumn) kind() string  { return "drop_column" }
func (c *DropColumn) table() string { return c.Table }
func (c *DropColumn) validate() error {
	return errors.Join(needed("table", c.Table), needed("column", c.Column))
}
func (c *DropColumn) words() string { return fmt.Sprintf("drop column %s.%s", c.Table, c.Column) }
func (c *DropColumn) code() (before, after string) {
	return fmt.Sprintf("No running code names %s.%s any more.", c.Table, c.Column), fmt.Sprintf("%s.%s is gone.", c.Table, c.Column)
}

// SetDefault gives a column a default for new rows, in place of one that it may have.
type SetDefault struct {
	Table   string `yaml:"table" json:"table"`
	Column  string `yaml:"column" json:"column"`
	Default string `yaml:"default" json:"default"`
}

func (c *SetDefault) kind() string  { return "set_default" }
func (c *SetDefault) table() string { return c.Table }
func (c *SetDefault) validate() error {
	return errors.Join(needed("table", c.Table), needed("column", c.Column), needed("default", c.Default))
}
func (c *SetDefault) words() string {
	return fmt.Sprintf("set the default of %s.%s to %s", c.Table, c.Column, c.Default)
}
func (c *SetDefault) code() (before, after string) {
	return fmt.Sprintf("Code that leaves %s.%s out copes with the new default.", c.Table, c.Column), fmt.Sprintf("Rows written without %s have the new default.", c.Column)
}

// DropDefault takes a column's default away.
type DropDefault struct {
	Table  string `yaml:"table" json:"table"`
	Column string `yaml:"column" json:"column"`
}

func (c *DropDefault) kind() string  { return "drop_default" }
func (c *DropDefault) table() string { return c.Table }
func (c *DropDefault) validate() error {
	return errors.Join(needed("table", c.Table), needed("column", c.Column))
}
func (c *DropDefault) words() string {
	return fmt.Sprintf("drop the default of %s.%s", c.Table, c.Column)
}
func (c *DropDefault) code() (before, after string) {
	return fmt.Sprintf("All code writes %s.%s itself.", c.Table, c.Column), fmt.Sprintf("Rows written without %s have NULL there, or are refused.", c.Column)
}

// SetComment puts a comment on a table or a type, or on one of a table's columns, indexes, constraints or triggers. An
// empty one takes it away.
type SetComment struct {
	Table      string `yaml:"table" json:"table"`
	Column     string `yaml:"column,omitempty" json:"column,omitempty"`
	Index      string `yaml:"index,omitempty" json:"index,omitempty"`
	Constraint string `yaml:"constraint,omitempty" json:"constraint,omitempty"`
	Trigger    string `yaml:"trigger,omitempty" json:"trigger,omitempty"`
	Comment    string `yaml:"comment" json:"comment"`
}

func (c *SetComment) kind() string  { return "set_comment" }
func (c *SetComment) table() string { return c.Table }
func (c *SetComment) validate() error {
	err := needed("table", c.Table)
	if n := len(c.on()); n > 1 {
		err = errors.Join(err, errors.New("a comment is on one column, index, constraint or trigger, or on the table"))
	}
	return err
}

// on lists what is named besides the table.
func (c *SetComment) on() []string {
	var out []string
	for _, n := range []string{c.Column, c.Index, c.Constraint, c.Trigger} {
		if n != "" {
			out = append(out, n)
		}
	}
	return out
}
func (c *SetComment) words() string {
	for _, n := range c.on() {
		return fmt.Sprintf("comment %s of %s: %q", n, c.Table, c.Comment)
	}
	return fmt.Sprintf("comment %s: %q", c.Table, c.Comment)
}
func (c *SetComment) code() (before, after string) {
	return fmt.Sprintf("Any code that uses %s.", c.Table), "Any code."
}
