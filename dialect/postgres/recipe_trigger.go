package postgres

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

func triggerObjects(name string) []schema.Object {
	return []schema.Object{{Kind: schema.TriggerObject, Name: name}, {Kind: schema.TriggerComment, Name: name}}
}

func triggerSQL(c *plans.CreateTrigger, rel string) string {
	out := fmt.Sprintf("CREATE TRIGGER %s %s ON %s", Quote(c.Name), c.Fires, rel)
	if c.Referencing != "" {
		out += " REFERENCING " + c.Referencing
	}
	out += " FOR EACH " + strings.ToUpper(cmp.Or(c.Each, "row"))
	if c.Where != "" {
		out += " WHEN (" + c.Where + ")"
	}
	return out + " EXECUTE FUNCTION " + c.Function
}

func (r *recipe) dropTriggerSQL(name string) string {
	return fmt.Sprintf("DROP TRIGGER IF EXISTS %s ON %s", Quote(name), r.rel())
}

func (r *recipe) createTrigger(c *plans.CreateTrigger) error {
	if _, ok := r.t.Trigger(c.Name); ok {
		return r.input("%s exists already on %s", c.Name, r.t.Ident)
	}
	if err := r.notOurs(c.Name); err != nil {
		return err
	}
	g, ok := r.made.Trigger(c.Name)
	if !ok {
		return r.input("the server made no trigger of this name")
	}
	a := &plans.Act{Phase: plans.Expand, Does: "create trigger " + c.Name, Sees: triggerObjects(c.Name)}
	a.Before, a.After = a.Looks(nothing()), looks(a, withTrigger(g))
	r.out.Objects = []string{c.Name}
	r.add(plans.Step{SQL: []string{triggerSQL(c, r.rel())}, Undo: []string{r.dropTriggerSQL(c.Name)}, Lock: shareRow, Act: a,
		Because: "A moment's work in the catalog, for which writes wait; from then on each statement pays for it. Rows that are there stay as they are."})
	return nil
}

// notOurs keeps the names apart that the program gives and takes away.
func (r *recipe) notOurs(name string) error {
	if strings.HasPrefix(name, ourTrigger) {
		return r.refuse("", "names that begin with %s are those of triggers that keep columns in step", ourTrigger)
	}
	return nil
}

// triggerDefinition is the server's own statement, without what stands for the function's text.
func triggerDefinition(g schema.Trigger) string {
	return g.Body[:strings.LastIndex(g.Body, " -- ")]
}

// fires are the words of ALTER TABLE for tgenabled.
var fires = map[string]string{"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS", "D": "DISABLE"}

func (r *recipe) setTriggerSQL(name, enabled string) string {
	return r.alter("%s TRIGGER %s", fires[enabled], Quote(name))
}

// dropTrigger makes the same trigger on the way back, in the same sessions and with its comment.
func (r *recipe) dropTrigger(d *plans.DropTrigger) error {
	g, ok := r.t.Trigger(d.Name)
	if !ok {
		return r.input("there is no such trigger on %s", r.t.Ident)
	}
	if err := r.notOurs(d.Name); err != nil {
		return err
	}
	a := &plans.Act{Phase: plans.Contract, Does: "drop trigger " + g.Name, Sees: triggerObjects(g.Name)}
	a.Before, a.After = a.Looks(withTrigger(g)), looks(a, nothing())
	again := g
	again.Enabled, again.Comment = "O", ""
	st := plans.Step{SQL: []string{r.dropTriggerSQL(g.Name)}, Undo: []string{triggerDefinition(g)}, Lock: accessExclusive, Act: a,
		Because: "A moment's work in the catalog; set_trigger with fires: never, made before, shows what misses it. The way back makes it again; what it would have done meanwhile isn't done."}
	if g.Enabled != "O" {
		a.Undone = append(a.Undone, a.Looks(withTrigger(again)))
		again.Enabled = g.Enabled
		st.Undo = append(st.Undo, r.setTriggerSQL(g.Name, g.Enabled))
	}
	if g.Comment != "" {
		a.Undone = append(a.Undone, a.Looks(withTrigger(again)))
		st.Undo = append(st.Undo, fmt.Sprintf("COMMENT ON TRIGGER %s ON %s IS %s", Quote(g.Name), r.rel(), literal(g.Comment)))
	}
	r.out.Objects = []string{g.Name}
	r.add(st)
	return nil
}

func (r *recipe) setTrigger(c *plans.SetTrigger) error {
	g, ok := r.t.Trigger(c.Name)
	if !ok {
		return r.input("there is no such trigger on %s", r.t.Ident)
	}
	if err := r.notOurs(c.Name); err != nil {
		return err
	}
	to := g
	to.Enabled = map[string]string{"origin": "O", "replica": "R", "always": "A", "never": "D"}[c.Fires]
	if to.Enabled == g.Enabled {
		return r.input("it fires so already")
	}
	a := &plans.Act{Phase: plans.Expand, Does: fmt.Sprintf("have trigger %s fire: %s", g.Name, c.Fires), Sees: triggerObjects(g.Name)[:1]}
	a.Before, a.After = a.Looks(withTrigger(g)), looks(a, withTrigger(to))
	r.out.Objects = []string{g.Name}
	r.add(plans.Step{SQL: []string{r.setTriggerSQL(g.Name, to.Enabled)}, Undo: []string{r.setTriggerSQL(g.Name, g.Enabled)}, Lock: shareRow, Act: a,
		Because: "A moment's work in the catalog, for which writes wait. What the trigger doesn't do meanwhile isn't done later."})
	return nil
}
