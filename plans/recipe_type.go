package plans

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// AddEnumValue gives an enum type one value more, behind all others unless Before or After names its neighbour. No
// server can take a value away again.
type AddEnumValue struct {
	Type   string `yaml:"type" json:"type"`
	Value  string `yaml:"value" json:"value"`
	Before string `yaml:"before,omitempty" json:"before,omitempty"`
	After  string `yaml:"after,omitempty" json:"after,omitempty"`
}

func (c *AddEnumValue) kind() string    { return "add_enum_value" }
func (c *AddEnumValue) table() string   { return c.Type }
func (c *AddEnumValue) kinds() []string { return []string{schema.EnumType} }
func (c *AddEnumValue) validate() error {
	err := errors.Join(needed("type", c.Type), needed("value", c.Value))
	if c.Before != "" && c.After != "" {
		err = errors.Join(err, errors.New("before and after exclude each other"))
	}
	return err
}
func (c *AddEnumValue) words() string { return fmt.Sprintf("add value %q to type %s", c.Value, c.Type) }
func (c *AddEnumValue) code() (before, after string) {
	return fmt.Sprintf("Code that reads a %s copes with a value that it doesn't know.", c.Type), fmt.Sprintf("Code may write %q.", c.Value)
}

// RenameEnumValue gives a value of an enum type another name; rows that have it show the new one at once.
type RenameEnumValue struct {
	Type string `yaml:"type" json:"type"`
	From string `yaml:"from" json:"from"`
	To   string `yaml:"to" json:"to"`
}

func (c *RenameEnumValue) kind() string    { return "rename_enum_value" }
func (c *RenameEnumValue) table() string   { return c.Type }
func (c *RenameEnumValue) kinds() []string { return []string{schema.EnumType} }
func (c *RenameEnumValue) validate() error {
	err := errors.Join(needed("type", c.Type), needed("from", c.From), needed("to", c.To))
	if err == nil && c.From == c.To {
		err = fmt.Errorf("rename_enum_value: from and to are both %q", c.From)
	}
	return err
}
func (c *RenameEnumValue) words() string {
	return fmt.Sprintf("rename value %q of type %s to %q", c.From, c.Type, c.To)
}
func (c *RenameEnumValue) code() (before, after string) {
	return fmt.Sprintf("Code copes with both %q and %q, and writes neither in the moment of the switch.", c.From, c.To), fmt.Sprintf("Rows show %q.", c.To)
}

// Takes tells whether an operation is for this kind of table or type.
func (o Operation) Takes(kind string) bool { return slices.Contains(o.kinds(), kind) }

func (o Operation) kinds() []string {
	if n, ok := o.native().(interface{ kinds() []string }); ok {
		return n.kinds()
	}
	if n := o.SetNotNull; n != nil && n.Fill == "" {
		return tableOrPartitioned()
	}
	return []string{"table"}
}

// tableOrDomain is what a constraint can be on.
func tableOrDomain() []string { return []string{"table", schema.Domain} }

// tableOrPartitioned is what an index or a column can be on.
func tableOrPartitioned() []string { return []string{"table", schema.PartitionedTable} }

func (c *CreateIndex) kinds() []string   { return tableOrPartitioned() }
func (d *DropIndex) kinds() []string     { return tableOrPartitioned() }
func (c *ReplaceIndex) kinds() []string  { return []string{"table"} }
func (c *AddUnique) kinds() []string     { return tableOrPartitioned() }
func (c *AddPrimaryKey) kinds() []string { return tableOrPartitioned() }
func (c *AddColumn) kinds() []string     { return tableOrPartitioned() }
func (c *AddForeignKey) kinds() []string { return tableOrPartitioned() }

func (c *AddCheck) kinds() []string           { return append(tableOrDomain(), schema.PartitionedTable) }
func (c *DropConstraint) kinds() []string     { return tableOrDomain() }
func (c *RenameConstraint) kinds() []string   { return tableOrDomain() }
func (c *ValidateConstraint) kinds() []string { return tableOrDomain() }
func (c *SetComment) kinds() []string         { return append(tableOrDomain(), schema.EnumType) }

// kindWords say what an operation is for.
func (o Operation) kindWords() string {
	if k := o.kinds(); len(k) > 1 || k[0] != "table" {
		var list []string
		for _, kind := range k {
			list = append(list, article(kind))
		}
		return "and this is for " + strings.Join(list, " or ")
	}
	return "not a plain table"
}

// article puts "a" or "an" in front.
func article(word string) string {
	if strings.ContainsAny(word[:1], "aeiou") {
		return "an " + word
	}
	return "a " + word
}
