package postgres

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

const replicaIdentity = "REPLICA IDENTITY"

// setReplicaIdentity refuses what would make published updates and deletes fail.
func (r *recipe) setReplicaIdentity(c *plans.SetReplicaIdentity) error {
	to := strings.TrimSpace(replicaIdentity + " " + strings.ToUpper(c.Identity))
	if c.Index != "" {
		if err := r.identifies(c.Index); err != nil {
			return err
		}
		to = replicaIdentity + " USING INDEX " + Quote(c.Index)
	}
	if err := r.keepsPublished(c); err != nil {
		return err
	}
	from := r.t.Setting(replicaIdentity)
	toSet := to
	if c.Identity == "default" {
		toSet = ""
	}
	if from == toSet {
		return r.input("it is so already")
	}
	a := &plans.Act{Phase: plans.Expand, Does: "set the replica identity", Sees: []schema.Object{{Kind: schema.SettingObject, Name: replicaIdentity}}}
	a.Before, a.After = a.Looks(withSetting(from)), looks(a, withSetting(toSet))
	for _, d := range r.t.Dependents {
		if d.Kind == "replica identity" {
			r.out.Objects = append(r.out.Objects, d.Name)
		}
	}
	if c.Index != "" && !slices.Contains(r.out.Objects, c.Index) {
		r.out.Objects = append(r.out.Objects, c.Index)
	}
	back := from
	if back == "" {
		back = replicaIdentity + " DEFAULT"
	}
	st := plans.Step{SQL: []string{r.alter("%s", to)}, Undo: []string{r.alter("%s", back)}, Lock: accessExclusive, Act: a,
		Because: "A moment's work in the catalog. Rows that are changed from then on show in the log as it says; with FULL each of them is written there as a whole."}
	r.add(st)
	return nil
}

// identifies refuses an index that the server wouldn't take.
func (r *recipe) identifies(name string) error {
	x, ok := r.t.Index(name)
	switch {
	case !ok:
		return r.input("there is no such index on %s", r.t.Ident)
	case !x.Unique || x.Invalid || x.Predicate != "":
		return r.input("the index must be unique, valid and not partial")
	case strings.Contains(x.Definition, "\n"):
		return r.input("the index is that of a constraint that can be deferred")
	}
	for _, k := range x.Columns {
		if c, ok := r.t.Column(k.Name); !ok || c.Nullable {
			return r.input("its keys must be columns that are NOT NULL")
		}
	}
	return nil
}

// keepsPublished: a published table without an identity refuses updates and deletes.
func (r *recipe) keepsPublished(c *plans.SetReplicaIdentity) error {
	primary := slices.ContainsFunc(r.t.Indexes, func(x schema.Index) bool { return x.Primary })
	if c.Identity != "nothing" && (c.Identity != "default" || primary) {
		return nil
	}
	for _, d := range r.t.Dependents {
		if d.Kind == "publication" {
			return r.refuse("identity: full, or an index", "publication %s would have nothing to tell rows by: updates and deletes of the application would fail", d.Name)
		}
	}
	return nil
}
