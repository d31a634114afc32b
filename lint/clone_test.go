package lint

import (
	"testing"

	"github.com/phasemig/phasemig/schema"
)

// TestClone: what is changed in a catalog afterwards isn't changed in its copy, and what hangs together there hangs together in the copy.
func TestClone(t *testing.T) {
	c := NewCatalog(false)
	table := &Relation{Table: schema.Table{Ident: schema.Ident{Name: "t"}, Kind: "table", Columns: []schema.Column{{Name: "a"}}, Indexes: []schema.Index{{Name: "i", Columns: []schema.IndexColumn{{Name: "a"}}}}}}
	view := &Relation{Table: schema.Table{Ident: schema.Ident{Name: "v"}, Kind: "view"}, Uses: []Use{{Relation: table, Column: "a"}}}
	c.Put(table)
	c.Put(view)
	c.PutType(&Type{Name: "mood", Values: []string{"ok"}})
	c.Objects.Put(&Object{Kind: "trigger", On: table})
	saved := c.Clone()
	table.DropColumn("a")
	table.Indexes[0].Columns[0].Name = "b"
	c.Type("mood").Values[0] = "bad"
	c.Remove(view.Ident)
	c.Objects.Remove(func(*Object) bool { return true })
	c.Restore(saved)
	k := c.Relation(schema.Ident{Name: "t"})
	switch v := c.Relation(schema.Ident{Name: "v"}); {
	case k == table || k.Column("a") == nil || k.Indexes[0].Columns[0].Name != "a" || k.Was["a"]:
		t.Errorf("the table: %+v", k)
	case v == nil || v.Uses[0].Relation != k:
		t.Errorf("the view: %+v", v)
	case c.Type("mood").Values[0] != "ok":
		t.Errorf("the type: %+v", c.Type("mood"))
	case c.Objects.Find("trigger", schema.Ident{}, k) == nil:
		t.Error("the trigger is gone")
	}
}
