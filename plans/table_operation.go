package plans

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// PartitionTable cuts a table into partitions. The rows go there by a shadow copy.
type PartitionTable struct {
	Table      string      `yaml:"table" json:"table"`
	By         string      `yaml:"by" json:"by"` // range, list or hash
	Columns    []string    `yaml:"columns" json:"columns"`
	Partitions []Partition `yaml:"partitions" json:"partitions"`
	// PrimaryKey, if set, takes the place of the table's: that of a partitioned table holds the columns
	// that it is partitioned by.
	PrimaryKey []string `yaml:"primary_key,omitempty" json:"primary_key,omitempty"`
}

// Partition is one of them. By range it holds From ≤ row < To, by list the rows In; by hash all have the
// same share. A row that belongs to none goes to the default one, if there is one.
type Partition struct {
	Name    string `yaml:"name" json:"name"`
	From    Bounds `yaml:"from,omitempty" json:"from,omitempty"`
	To      Bounds `yaml:"to,omitempty" json:"to,omitempty"`
	In      Bounds `yaml:"in,omitempty" json:"in,omitempty"`
	Default bool   `yaml:"default,omitempty" json:"default,omitempty"`
}

// Bounds are values as text, of any type. The words MINVALUE, MAXVALUE and NULL are the server's.
type Bounds []string

// UnmarshalYAML takes one value or a list, and keeps the text of each as it was written.
func (b *Bounds) UnmarshalYAML(n *yaml.Node) error {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	for _, v := range list {
		switch {
		case v.Kind != yaml.ScalarNode:
			return fmt.Errorf("line %d: a bound is a value or a list of values", v.Line)
		case v.Tag == "!!null":
			*b = append(*b, "NULL")
		default:
			*b = append(*b, v.Value)
		}
	}
	return nil
}

func (p *PartitionTable) kind() string  { return "partition_table" }
func (p *PartitionTable) table() string { return p.Table }

func (p *PartitionTable) validate() error {
	err := errors.Join(needed("table", p.Table), needed("by", p.By), oneOf("by", p.By, "range", "list", "hash"))
	if len(p.Columns) == 0 {
		err = errors.Join(err, errors.New("columns: at least one is needed"))
	}
	if p.By == "list" && len(p.Columns) > 1 {
		err = errors.Join(err, errors.New("columns: a list is of the values of one column"))
	}
	if len(p.Partitions) == 0 {
		err = errors.Join(err, errors.New("partitions: at least one is needed"))
	}
	var names []string
	defaults := 0
	for _, one := range p.Partitions {
		if slices.Contains(names, one.Name) {
			err = errors.Join(err, fmt.Errorf("partitions: two are called %q", one.Name))
		}
		if names = append(names, one.Name); one.Default {
			defaults++
		}
		err = errors.Join(err, p.validatePartition(one))
	}
	if defaults > 1 {
		err = errors.Join(err, errors.New("partitions: one at most is the default"))
	}
	return err
}

// validatePartition: the bounds are those of the way in which the table is cut.
func (p *PartitionTable) validatePartition(one Partition) error {
	if err := needed("partitions: name", one.Name); err != nil {
		return err
	}
	ranged, listed := len(one.From)+len(one.To) > 0, len(one.In) > 0
	switch {
	case p.By == "hash" && (one.Default || ranged || listed):
		return fmt.Errorf("partitions: %s: by hash each has a name and nothing else", one.Name)
	case one.Default && (ranged || listed):
		return fmt.Errorf("partitions: %s: the default one has no bounds", one.Name)
	case one.Default || p.By == "hash":
		return nil
	case p.By == "range" && (listed || len(one.From) != len(p.Columns) || len(one.To) != len(p.Columns)):
		return fmt.Errorf("partitions: %s: from and to want one value for each of the %d columns", one.Name, len(p.Columns))
	case p.By == "list" && (ranged || !listed):
		return fmt.Errorf("partitions: %s: by list it wants in, with values", one.Name)
	}
	return nil
}

func (p *PartitionTable) words() string {
	return fmt.Sprintf("partition table %s by %s (%s)", p.Table, p.By, strings.Join(p.Columns, ", "))
}

func (p *PartitionTable) code() (before, after string) {
	return fmt.Sprintf("Any code that uses %s.", p.Table), fmt.Sprintf("%s is partitioned.", p.Table)
}

// Names are those of the partitions.
func (p *PartitionTable) Names() []string {
	var out []string
	if p == nil {
		return nil
	}
	for _, one := range p.Partitions {
		out = append(out, one.Name)
	}
	return out
}

// RewriteTable writes a table anew as it is, by a shadow copy: what dead rows, dropped columns and
// settings for new rows have left is gone.
type RewriteTable struct {
	Table string `yaml:"table" json:"table"`
}

func (r *RewriteTable) kind() string    { return "rewrite_table" }
func (r *RewriteTable) table() string   { return r.Table }
func (r *RewriteTable) validate() error { return needed("table", r.Table) }
func (r *RewriteTable) words() string   { return "rewrite table " + r.Table }
func (r *RewriteTable) code() (before, after string) {
	return fmt.Sprintf("Any code that uses %s.", r.Table), "Unchanged."
}
