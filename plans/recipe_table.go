package plans

import (
	"errors"
	"fmt"
)

// SetReplicaIdentity chooses what the log tells of a row that is changed or deleted: its primary key (default), all of
// it (full), nothing, or the columns of a unique index.
type SetReplicaIdentity struct {
	Table    string `yaml:"table" json:"table"`
	Identity string `yaml:"identity,omitempty" json:"identity,omitempty"`
	Index    string `yaml:"index,omitempty" json:"index,omitempty"`
}

func (c *SetReplicaIdentity) kind() string  { return "set_replica_identity" }
func (c *SetReplicaIdentity) table() string { return c.Table }
func (c *SetReplicaIdentity) validate() error {
	err := errors.Join(needed("table", c.Table), oneOf("identity", c.Identity, "default", "full", "nothing"))
	if (c.Identity == "") == (c.Index == "") {
		err = errors.Join(err, errors.New("either identity or index is needed"))
	}
	return err
}
func (c *SetReplicaIdentity) words() string {
	if c.Index != "" {
		return fmt.Sprintf("make index %s the replica identity of %s", c.Index, c.Table)
	}
	return fmt.Sprintf("make the replica identity of %s %s", c.Table, c.Identity)
}
func (c *SetReplicaIdentity) code() (before, after string) {
	return fmt.Sprintf("Whoever reads the log of %s copes with both.", c.Table), "Any code."
}

// CreateTrigger makes a trigger that runs a function.
type CreateTrigger struct {
	Table       string `yaml:"table" json:"table"`
	Name        string `yaml:"name" json:"name"`
	Fires       string `yaml:"fires" json:"fires"`                                 // SQL: BEFORE INSERT OR UPDATE OF a …
	Each        string `yaml:"each,omitempty" json:"each,omitempty"`               // row (default) or statement
	Referencing string `yaml:"referencing,omitempty" json:"referencing,omitempty"` // SQL: OLD TABLE AS a NEW TABLE AS b
	Where       string `yaml:"where,omitempty" json:"where,omitempty"`             // SQL: for which rows
	Function    string `yaml:"function" json:"function"`                           // SQL: a call of a function that returns trigger
}

func (c *CreateTrigger) kind() string  { return "create_trigger" }
func (c *CreateTrigger) table() string { return c.Table }
func (c *CreateTrigger) validate() error {
	return errors.Join(needed("table", c.Table), needed("name", c.Name), needed("fires", c.Fires), needed("function", c.Function), oneOf("each", c.Each, "row", "statement"))
}
func (c *CreateTrigger) words() string {
	return fmt.Sprintf("create trigger %s on %s", c.Name, c.Table)
}
func (c *CreateTrigger) code() (before, after string) {
	return fmt.Sprintf("Code copes with what trigger %s does to %s.", c.Name, c.Table), fmt.Sprintf("Trigger %s fires.", c.Name)
}

// DropTrigger takes a trigger away. Its function stays.
type DropTrigger struct {
	Table string `yaml:"table" json:"table"`
	Name  string `yaml:"name" json:"name"`
}

func (c *DropTrigger) kind() string  { return "drop_trigger" }
func (c *DropTrigger) table() string { return c.Table }
func (c *DropTrigger) validate() error {
	return errors.Join(needed("table", c.Table), needed("name", c.Name))
}
func (c *DropTrigger) words() string { return fmt.Sprintf("drop trigger %s of %s", c.Name, c.Table) }
func (c *DropTrigger) code() (before, after string) {
	return fmt.Sprintf("No code counts on trigger %s.", c.Name), fmt.Sprintf("Trigger %s is gone.", c.Name)
}

// SetTrigger says in which sessions a trigger fires: those of the application (origin), those that apply a log
// (replica), all, or none.
type SetTrigger struct {
	Table string `yaml:"table" json:"table"`
	Name  string `yaml:"name" json:"name"`
	Fires string `yaml:"fires" json:"fires"`
}

func (c *SetTrigger) kind() string  { return "set_trigger" }
func (c *SetTrigger) table() string { return c.Table }
func (c *SetTrigger) validate() error {
	return errors.Join(needed("table", c.Table), needed("name", c.Name), needed("fires", c.Fires), oneOf("fires", c.Fires, "origin", "replica", "always", "never"))
}
func (c *SetTrigger) words() string {
	return fmt.Sprintf("have trigger %s of %s fire: %s", c.Name, c.Table, c.Fires)
}
func (c *SetTrigger) code() (before, after string) {
	return fmt.Sprintf("Code copes with trigger %s of %s as it is and as it will be.", c.Name, c.Table), fmt.Sprintf("Trigger %s fires: %s.", c.Name, c.Fires)
}
