package plans

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/phasemig/phasemig/schema"
)

// Change is what is wanted, as written in a change file.
type Change struct {
	Name       string      `yaml:"name" json:"name"`
	Operations []Operation `yaml:"operations" json:"operations"`
	Gates      GateSet     `yaml:"gates,omitempty" json:"gates,omitzero"`
	// Replicas names the replicas that gates must see caught up; their addresses
	// stand in phasemig.yaml. The single word "none" says that there are none.
	Replicas Replicas `yaml:"replicas,omitempty" json:"replicas,omitempty"`
	// DualWrite is "trigger" (default) or "app": the application keeps both sides
	// in step itself and no trigger is installed.
	DualWrite string `yaml:"dual_write,omitempty" json:"dual_write,omitempty"`
	// OnUnreturnable is "record" (default) or "reject": what a write of a value
	// meets that the old shape can't hold.
	OnUnreturnable string `yaml:"on_unreturnable,omitempty" json:"on_unreturnable,omitempty"`
	// UserTriggers is "refuse" (default) or "fire": what happens when the
	// backfill would fire the table's own UPDATE triggers and nothing can stop that.
	UserTriggers string `yaml:"user_triggers,omitempty" json:"user_triggers,omitempty"`
	// Strategy is "auto" (default), "native", "sync" or "shadow".
	Strategy string `yaml:"strategy,omitempty" json:"strategy,omitempty"`
}

// Replicas is a list of names, or the word "none".
type Replicas []string

// None reports whether the change says that there are no replicas.
func (r Replicas) None() bool { return len(r) == 1 && r[0] == "none" }

// UnmarshalYAML takes a list or a single word.
func (r *Replicas) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*r = Replicas{n.Value}
		return nil
	}
	return n.Decode((*[]string)(r))
}

// Operation is one entry of a change file; exactly one field is set.
type Operation struct {
	RenameColumn *RenameColumn `yaml:"rename_column,omitempty" json:"rename_column,omitempty"`
	SplitColumn  *SplitColumn  `yaml:"split_column,omitempty" json:"split_column,omitempty"`
	MergeColumns *MergeColumns `yaml:"merge_columns,omitempty" json:"merge_columns,omitempty"`
	MoveColumns  *MoveColumns  `yaml:"move_columns,omitempty" json:"move_columns,omitempty"`
	ChangeType   *ChangeType   `yaml:"change_type,omitempty" json:"change_type,omitempty"`
	SetNotNull   *SetNotNull   `yaml:"set_not_null,omitempty" json:"set_not_null,omitempty"`
	AlterTable   *AlterTable   `yaml:"alter_table,omitempty" json:"alter_table,omitempty"`

	PartitionTable *PartitionTable `yaml:"partition_table,omitempty" json:"partition_table,omitempty"`
	RewriteTable   *RewriteTable   `yaml:"rewrite_table,omitempty" json:"rewrite_table,omitempty"`

	CreateIndex        *CreateIndex        `yaml:"create_index,omitempty" json:"create_index,omitempty"`
	DropIndex          *DropIndex          `yaml:"drop_index,omitempty" json:"drop_index,omitempty"`
	AddCheck           *AddCheck           `yaml:"add_check,omitempty" json:"add_check,omitempty"`
	AddForeignKey      *AddForeignKey      `yaml:"add_foreign_key,omitempty" json:"add_foreign_key,omitempty"`
	AddUnique          *AddUnique          `yaml:"add_unique,omitempty" json:"add_unique,omitempty"`
	AddPrimaryKey      *AddPrimaryKey      `yaml:"add_primary_key,omitempty" json:"add_primary_key,omitempty"`
	DropConstraint     *DropConstraint     `yaml:"drop_constraint,omitempty" json:"drop_constraint,omitempty"`
	RenameConstraint   *RenameConstraint   `yaml:"rename_constraint,omitempty" json:"rename_constraint,omitempty"`
	ValidateConstraint *ValidateConstraint `yaml:"validate_constraint,omitempty" json:"validate_constraint,omitempty"`
	AddColumn          *AddColumn          `yaml:"add_column,omitempty" json:"add_column,omitempty"`
	DropColumn         *DropColumn         `yaml:"drop_column,omitempty" json:"drop_column,omitempty"`
	SetDefault         *SetDefault         `yaml:"set_default,omitempty" json:"set_default,omitempty"`
	DropDefault        *DropDefault        `yaml:"drop_default,omitempty" json:"drop_default,omitempty"`
	SetComment         *SetComment         `yaml:"set_comment,omitempty" json:"set_comment,omitempty"`
	ReplaceIndex       *ReplaceIndex       `yaml:"replace_index,omitempty" json:"replace_index,omitempty"`
	SetReplicaIdentity *SetReplicaIdentity `yaml:"set_replica_identity,omitempty" json:"set_replica_identity,omitempty"`
	CreateTrigger      *CreateTrigger      `yaml:"create_trigger,omitempty" json:"create_trigger,omitempty"`
	DropTrigger        *DropTrigger        `yaml:"drop_trigger,omitempty" json:"drop_trigger,omitempty"`
	SetTrigger         *SetTrigger         `yaml:"set_trigger,omitempty" json:"set_trigger,omitempty"`
	AddEnumValue       *AddEnumValue       `yaml:"add_enum_value,omitempty" json:"add_enum_value,omitempty"`
	RenameEnumValue    *RenameEnumValue    `yaml:"rename_enum_value,omitempty" json:"rename_enum_value,omitempty"`
	CreateTable        *CreateTable        `yaml:"create_table,omitempty" json:"create_table,omitempty"`
	DropTable          *DropTable          `yaml:"drop_table,omitempty" json:"drop_table,omitempty"`
	RenameTable        *RenameTable        `yaml:"rename_table,omitempty" json:"rename_table,omitempty"`
}

// RenameColumn gives a column a new name. Up and Down default to the plain copy.
type RenameColumn struct {
	Table string `yaml:"table" json:"table"`
	From  string `yaml:"from" json:"from"`
	To    string `yaml:"to" json:"to"`
	Up    string `yaml:"up,omitempty" json:"up,omitempty"`
	Down  string `yaml:"down,omitempty" json:"down,omitempty"`
}

// SplitColumn turns one column into several.
type SplitColumn struct {
	Table  string `yaml:"table" json:"table"`
	Column string `yaml:"column" json:"column"`
	Into   Parts  `yaml:"into" json:"into"`
	Down   string `yaml:"down" json:"down"`
}

// MergeColumns turns several columns into one.
type MergeColumns struct {
	Table string  `yaml:"table" json:"table"`
	From  Sources `yaml:"from" json:"from"`
	Into  string  `yaml:"into" json:"into"`
	Type  string  `yaml:"type,omitempty" json:"type,omitempty"` // empty: the type of the first column that is merged
	Up    string  `yaml:"up" json:"up"`
}

// Source is one old column of a merge, and the SQL that fills it from the new one.
type Source struct {
	Name string `yaml:"-" json:"name"`
	Down string `yaml:"down" json:"down"`
}

// Sources keeps the order of the file.
type Sources []Source

// UnmarshalYAML reads "name: SQL".
func (p *Sources) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: from wants a map of old columns", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i+1].Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: from wants the SQL that fills %s", n.Content[i+1].Line, n.Content[i].Value)
		}
		*p = append(*p, Source{Name: n.Content[i].Value, Down: n.Content[i+1].Value})
	}
	return nil
}

// Names are the old columns.
func (p Sources) Names() []string {
	var out []string
	for _, s := range p {
		out = append(out, s.Name)
	}
	return out
}

// Part is one new column of a split.
type Part struct {
	Name string `yaml:"-" json:"name"`
	Type string `yaml:"type,omitempty" json:"type,omitempty"` // empty: the type of the column that is split
	Up   string `yaml:"up" json:"up"`
}

// Parts keeps the order of the file. A part is written as its SQL, or as a map
// of type and up.
type Parts []Part

// UnmarshalYAML reads "name: SQL" and "name: {type: …, up: …}".
func (p *Parts) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: into wants a map of new columns", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		part := Part{Name: n.Content[i].Value}
		v := n.Content[i+1]
		if v.Kind == yaml.ScalarNode {
			part.Up = v.Value
		} else if err := v.Decode(&part); err != nil {
			return err
		}
		*p = append(*p, part)
	}
	return nil
}

// ChangeType changes a column's type under its own name.
type ChangeType struct {
	Table  string `yaml:"table" json:"table"`
	Column string `yaml:"column" json:"column"`
	Type   string `yaml:"type" json:"type"`
	Up     string `yaml:"up,omitempty" json:"up,omitempty"`
	Down   string `yaml:"down,omitempty" json:"down,omitempty"`
}

// SetNotNull makes a column NOT NULL. Fill is the SQL that replaces NULLs, those
// of old application code included; it may name any column of the row.
type SetNotNull struct {
	Table  string `yaml:"table" json:"table"`
	Column string `yaml:"column" json:"column"`
	Fill   string `yaml:"fill" json:"fill"`
}

// AlterTable is a change in the server's own words. SQL is what stands behind the
// table's name in an ALTER TABLE; it is run as it was written.
type AlterTable struct {
	Table string `yaml:"table" json:"table"`
	SQL   string `yaml:"sql" json:"sql"`
	// Unparsed is "refuse" (default) or "run": what happens when SQL can't be read. Then it is run by the server alone, if it was seen to
	// do it to an empty copy at once.
	Unparsed string `yaml:"unparsed,omitempty" json:"unparsed,omitempty"`
}

// Blind reports whether SQL is to be run even if it can't be read.
func (a *AlterTable) Blind() bool { return a != nil && a.Unparsed == UnparsedRun }

// UnparsedRun has SQL run that can't be read.
const UnparsedRun = "run"

// GateSet lists the gates asked for, by phase. A nil list means the defaults, an
// empty one no gate beyond those that protect data.
type GateSet struct {
	Expand   []GateRef `yaml:"expand,omitempty" json:"expand,omitempty"`
	Switch   []GateRef `yaml:"switch,omitempty" json:"switch,omitempty"`
	Contract []GateRef `yaml:"contract,omitempty" json:"contract,omitempty"`
}

// GateRef names a gate and its settings. In a file it is a map of one key.
type GateRef struct {
	Kind   string         `json:"kind"`
	Params map[string]any `json:"params,omitempty"`
}

// UnmarshalYAML reads "{kind: {settings}}", "{kind:}" or the bare word.
func (g *GateRef) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		g.Kind = n.Value
		return nil
	}
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		return fmt.Errorf("line %d: a gate is one name with its settings", n.Line)
	}
	g.Kind = n.Content[0].Value
	if n.Content[1].Tag == "!!null" {
		return nil
	}
	return n.Content[1].Decode(&g.Params)
}

// ParseChange reads a change file, YAML or JSON. Unknown fields are errors that
// name line and column, and what may have been meant.
func ParseChange(b []byte) (Change, error) {
	var c Change
	if err := UnknownKeys(b, c); err != nil {
		return c, fmt.Errorf("parse change: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		if errors.Is(err, io.EOF) {
			return c, errors.New("parse change: the file is empty")
		}
		return c, fmt.Errorf("parse change: %w", err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return c, errors.New("parse change: the file holds more than one document; make one file a change")
	}
	if err := c.Validate(); err != nil {
		return c, err
	}
	var err error
	if c.Operations, err = Order(c.Operations); err != nil {
		return c, fmt.Errorf("change %q: %w", c.Name, err)
	}
	return c, nil
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// Validate tells everything that is wrong with the change by itself, without a
// server.
func (c Change) Validate() error {
	var errs []error
	if !nameForm.MatchString(c.Name) {
		errs = append(errs, fmt.Errorf("name %q: want 1 to 63 letters, digits, dots, dashes or underscores, starting with a letter or digit", c.Name))
	}
	if len(c.Operations) == 0 {
		errs = append(errs, errors.New("operations: at least one is needed"))
	}
	for i, o := range c.Operations {
		if err := o.validate(); err != nil {
			errs = append(errs, fmt.Errorf("operation %d: %w", i+1, err))
		}
	}
	errs = append(errs, oneOf("dual_write", c.DualWrite, "trigger", "app"),
		oneOf("on_unreturnable", c.OnUnreturnable, "record", "reject"),
		oneOf("user_triggers", c.UserTriggers, "refuse", "fire"),
		oneOf("strategy", c.Strategy, "auto", "native", "sync", "shadow"))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("change %q: %w", c.Name, err)
	}
	return nil
}

func oneOf(field, got string, want ...string) error {
	if got == "" || slices.Contains(want, got) {
		return nil
	}
	return fmt.Errorf("%s: %q is not one of %s", field, got, strings.Join(want, ", "))
}

func (o Operation) validate() error {
	set := 0
	var err error
	if r := o.RenameColumn; r != nil {
		set++
		err = errors.Join(err, r.validate())
	}
	if s := o.SplitColumn; s != nil {
		set++
		err = errors.Join(err, s.validate())
	}
	if m := o.MergeColumns; m != nil {
		set++
		err = errors.Join(err, m.validate())
	}
	if m := o.MoveColumns; m != nil {
		set++
		err = errors.Join(err, m.validate())
	}
	if c := o.ChangeType; c != nil {
		set++
		err = errors.Join(err, needed("table", c.Table), needed("column", c.Column), needed("type", c.Type))
	}
	if n := o.SetNotNull; n != nil {
		set++
		err = errors.Join(err, needed("table", n.Table), needed("column", n.Column))
	}
	if a := o.AlterTable; a != nil {
		set++
		err = errors.Join(err, needed("table", a.Table), needed("sql", a.SQL), oneOf("unparsed", a.Unparsed, "refuse", UnparsedRun))
	}
	for _, n := range o.natives() {
		set++
		err = errors.Join(err, n.validate())
	}
	if set != 1 {
		return fmt.Errorf("want exactly one kind of operation, got %d", set)
	}
	return err
}

func (r RenameColumn) validate() error {
	err := errors.Join(needed("table", r.Table), needed("from", r.From), needed("to", r.To))
	if err == nil && r.From == r.To {
		err = fmt.Errorf("rename_column: from and to are both %q", r.From)
	}
	if (r.Up == "") != (r.Down == "") {
		err = errors.Join(err, errors.New("rename_column: up and down are given together or not at all"))
	}
	return err
}

func (s SplitColumn) validate() error {
	err := errors.Join(needed("table", s.Table), needed("column", s.Column), needed("down", s.Down))
	if len(s.Into) == 0 {
		err = errors.Join(err, errors.New("into: at least one new column is needed"))
	}
	for _, p := range s.Into {
		err = errors.Join(err, needed("into: name", p.Name), needed("into."+p.Name+": up", p.Up))
	}
	return err
}

func (m MergeColumns) validate() error {
	err := errors.Join(needed("table", m.Table), needed("into", m.Into), needed("up", m.Up))
	if len(m.From) < 2 {
		err = errors.Join(err, errors.New("from: at least two old columns are needed"))
	}
	for _, s := range m.From {
		err = errors.Join(err, needed("from: name", s.Name), needed("from."+s.Name, s.Down))
	}
	return err
}

func needed(field, v string) error {
	if strings.TrimSpace(v) == "" {
		return fmt.Errorf("%s is needed", field)
	}
	return nil
}

// Table names the relation an operation is about.
func (o Operation) Table() schema.Ident {
	switch {
	case o.RenameColumn != nil:
		return schema.ParseIdent(o.RenameColumn.Table)
	case o.SplitColumn != nil:
		return schema.ParseIdent(o.SplitColumn.Table)
	case o.MergeColumns != nil:
		return schema.ParseIdent(o.MergeColumns.Table)
	case o.MoveColumns != nil:
		return schema.ParseIdent(o.MoveColumns.Table)
	case o.ChangeType != nil:
		return schema.ParseIdent(o.ChangeType.Table)
	case o.SetNotNull != nil:
		return schema.ParseIdent(o.SetNotNull.Table)
	case o.AlterTable != nil:
		return schema.ParseIdent(o.AlterTable.Table)
	}
	for _, n := range o.natives() {
		return schema.ParseIdent(n.table())
	}
	return schema.Ident{}
}

// canonical is the change as it enters hashes.
func (c Change) canonical() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // plain data: can't happen
	}
	return b
}
