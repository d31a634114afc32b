package lint

import (
	"maps"
	"slices"
)

// Clone copies a catalog, so that what a transaction changed can be taken back. Restore puts a copy in place of what there is.
func (c *Catalog) Clone() *Catalog {
	out := NewCatalog(c.fold)
	out.Complete = c.Complete
	at := map[*Relation]*Relation{}
	for key, r := range c.relations {
		k := r.clone()
		at[r], out.relations[key] = k, k
		out.named[c.key(k.Name)] = append(out.named[c.key(k.Name)], k)
		for _, x := range k.Indexes {
			out.own(k, x.Name)
		}
		if c.touched[r] {
			out.touched[k] = true
		}
	}
	move := func(r *Relation) *Relation {
		if k := at[r]; k != nil {
			return k
		}
		return r
	}
	for _, k := range out.relations {
		k.Uses = moved(k.Uses, move)
		for i := range k.Parents {
			k.Parents[i] = move(k.Parents[i])
		}
	}
	for key, t := range c.types {
		x := *t
		x.Values, x.Constraints, x.Checks, x.New = slices.Clone(t.Values), slices.Clone(t.Constraints), slices.Clone(t.Checks), maps.Clone(t.New)
		out.types[key] = &x
	}
	for _, o := range c.Objects.list {
		x := *o
		x.On, x.Uses, x.Args = move(o.On), moved(o.Uses, move), slices.Clone(o.Args)
		if o.Policy != nil {
			p := *o.Policy
			x.Policy = &p
		}
		out.Objects.list = append(out.Objects.list, &x)
	}
	return out
}

// Restore takes over what another catalog holds, which must not be used any more.
func (c *Catalog) Restore(from *Catalog) { *c = *from }

func (r *Relation) clone() *Relation {
	k := *r
	k.New, k.Was, k.Options = maps.Clone(r.New), maps.Clone(r.Was), maps.Clone(r.Options)
	k.Columns, k.Constraints, k.Parents = slices.Clone(r.Columns), slices.Clone(r.Constraints), slices.Clone(r.Parents)
	k.Indexes, k.Dependents = slices.Clone(r.Indexes), slices.Clone(r.Dependents)
	for i := range k.Indexes {
		k.Indexes[i].Columns, k.Indexes[i].Uses, k.Indexes[i].Include = slices.Clone(r.Indexes[i].Columns), slices.Clone(r.Indexes[i].Uses), slices.Clone(r.Indexes[i].Include)
	}
	for i := range k.Constraints {
		k.Constraints[i].Columns = slices.Clone(r.Constraints[i].Columns)
	}
	for i := range k.Dependents {
		k.Dependents[i].Columns = slices.Clone(r.Dependents[i].Columns)
	}
	return &k
}

func moved(uses []Use, move func(*Relation) *Relation) []Use {
	out := slices.Clone(uses)
	for i := range out {
		out[i].Relation = move(out[i].Relation)
	}
	return out
}
