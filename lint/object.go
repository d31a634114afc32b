package lint

import "github.com/phasemig/phasemig/schema"

// Object is a thing with a name that is neither a relation nor a type: a schema, a routine, a trigger, a policy, a rule, a publication,
// extended statistics, an extension.
type Object struct {
	Kind string
	ID   schema.Ident
	// On is the table of a trigger, a policy or a rule.
	On *Relation
	// Args, Names and Required tell routines of one name apart: the types of the arguments that go in, how they are called, and how many have no
	// default. A trigger's Names are those under which its function sees tables of rows. Returns is the type that comes out.
	Args, Names []string
	Required    int
	Returns     string
	Volatility  string // "immutable", "stable", "volatile"
	Language    string
	Uses        []Use
	// Fresh: the file at hand made it, so nobody uses it.
	Fresh bool
	// Policy is what a row security policy says.
	Policy *RowPolicy
}

// RowPolicy is a row security policy: for which command ("all", "select" …) and which roles ("public" is everybody). Open: it lets every row through.
type RowPolicy struct {
	Command           string
	Roles             []string
	Restrictive, Open bool
}

// Use is something that another thing can't be without. Relation or Other is set; Column is "" where the relation as a whole is used.
type Use struct {
	Relation *Relation
	Column   string
	Other    string // "type mood", "function f"
}

// Put adds an object that the file at hand makes.
func (o *Objects) Put(x *Object) {
	x.Fresh = true
	o.list = append(o.list, x)
}

// settle is called between files: what a file made is in use when the next one runs.
func (o *Objects) settle() {
	for _, x := range o.list {
		x.Fresh = false
	}
}

// Objects is a list of objects, small enough to be looked through.
type Objects struct{ list []*Object }

// All lists the objects of a kind.
func (o *Objects) All(kind string) []*Object {
	var out []*Object
	for _, x := range o.list {
		if x.Kind == kind {
			out = append(out, x)
		}
	}
	return out
}

// Find finds an object of a kind by its name; on is the table of those that have one. An empty schema, of either, is any.
func (o *Objects) Find(kind string, id schema.Ident, on *Relation) *Object {
	for _, x := range o.list {
		if x.Kind == kind && x.ID.Name == id.Name && x.On == on && (id.Schema == "" || x.ID.Schema == "" || x.ID.Schema == id.Schema) {
			return x
		}
	}
	return nil
}

// Remove takes objects away.
func (o *Objects) Remove(gone func(*Object) bool) {
	keep := o.list[:0]
	for _, x := range o.list {
		if !gone(x) {
			keep = append(keep, x)
		}
	}
	o.list = keep
}
