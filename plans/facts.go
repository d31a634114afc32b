package plans

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/phasemig/phasemig/schema"
)

// Facts is one read of the live server: all that decides a plan.
type Facts struct {
	// Read is when they were read, in RFC 3339, and For the digest of the operations that they were read for; both are set in
	// facts that are kept in a file.
	Read string `json:"read,omitempty"`
	For  string `json:"for,omitempty"`

	Dialect string         `json:"dialect"`
	Server  schema.Server  `json:"server"`
	Tables  []schema.Table `json:"tables"`
	// Expressions tells for each up and down SQL of the change what the server
	// said when it was asked to prepare it.
	Expressions []Expression `json:"expressions,omitempty"`
	// Types tells for each type of the change what the server makes of it, and
	// Casts how values go from one type to another there.
	Types []Type `json:"types,omitempty"`
	Casts []Cast `json:"casts,omitempty"`
	// Alters tells for each ALTER TABLE of the change what the server made of it.
	Alters []AlterFacts `json:"alters,omitempty"`
	// Trials tells the same for each operation of a recipe.
	Trials []Trial `json:"trials,omitempty"`
	// Mentions are what names tables that are to get another name.
	Mentions []Mention `json:"mentions,omitempty"`
	// Room is set where the server has none for all the copies that the change may ask for.
	Room *Room `json:"room,omitempty"`
	// Views are those that read columns which other columns take the place of, where the dialect can move views.
	Views []View `json:"views,omitempty"`
	// Rights are what is granted on tables as a whole that columns move away from, and whose they are.
	Rights []Rights `json:"rights,omitempty"`
	// Settings are the session's own where they change what an expression means;
	// a dialect pins them in what it creates.
	Settings map[string]string `json:"settings,omitempty"`
	// ReplicaRole: the session may run as a replica, so that user triggers stay
	// silent while the backfill writes.
	ReplicaRole bool `json:"replica_role,omitempty"`
	// Problems are things that the dialect found and that forbid any plan on
	// this server: a pooling proxy, a read-only server, a multi-primary cluster.
	Problems []string `json:"problems,omitempty"`
}

// Expression is a mapping's SQL as judged by the server.
type Expression struct {
	Table   schema.Ident `json:"table"`
	SQL     string       `json:"sql"`
	Columns []string     `json:"columns,omitempty"` // columns of the table that it may name
	Error   string       `json:"error,omitempty"`   // what the server said against it
}

// Type is a type as the change writes it and as the server does.
type Type struct {
	Asked     string           `json:"asked"`
	Type      string           `json:"type,omitempty"`
	Class     schema.TypeClass `json:"class,omitempty"`
	Collation string           `json:"collation,omitempty"`
	Error     string           `json:"error,omitempty"`
}

// Cast tells how values of one type become another's when they are assigned.
// Both types are in the server's words.
type Cast struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Found bool   `json:"found"`          // values can be assigned
	Safe  bool   `json:"safe,omitempty"` // every value has a place, and comes back the same
}

// Type finds what the server made of a type.
func (f *Facts) Type(asked string) (Type, bool) {
	for _, t := range f.Types {
		if t.Asked == asked {
			return t, true
		}
	}
	return Type{}, false
}

// Cast finds a cast; without one in the facts none was found on the server.
func (f *Facts) Cast(from, to string) Cast {
	for _, c := range f.Casts {
		if c.From == from && c.To == to {
			return c
		}
	}
	return Cast{From: from, To: to}
}

// View is a view that reads columns of a table.
type View struct {
	Table schema.Ident `json:"table"`
	Name  string       `json:"name"` // as Dependents name it
	Reads []string     `json:"reads"`
	Error string       `json:"error,omitempty"` // why it can't be made anew on the new columns, and what to do
}

// View finds what was learned of a view for a change of a column.
func (f *Facts) View(id schema.Ident, name, column string) (View, bool) {
	for _, v := range f.Views {
		if v.Table == id && v.Name == name && slices.Contains(v.Reads, column) {
			return v, true
		}
	}
	return View{}, false
}

// Table finds a table of the facts. A name without schema matches the one table
// of that name that was read for it.
func (f *Facts) Table(id schema.Ident) (*schema.Table, bool) {
	for i := range f.Tables {
		t := &f.Tables[i]
		if t.Name == id.Name && (id.Schema == "" || t.Schema == id.Schema) {
			return t, true
		}
	}
	return nil, false
}

// Reader reads facts for a change.
type Reader interface {
	Facts(ctx context.Context, c Change) (Facts, error)
}

// RefusedError says that there is no safe way, why, and what would do instead.
type RefusedError struct {
	What   string
	Reason string
	Hint   string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s: refused: %s", e.What, e.Reason)
}

// InputError is a change that can't be meant: an unknown table or column, a name
// that is taken, an expression that the server doesn't take.
type InputError struct {
	What   string
	Reason string
	Hint   string
}

func (e *InputError) Error() string { return fmt.Sprintf("%s: %s", e.What, e.Reason) }

// ErrStale says that the live schema is not the one that was planned for.
var ErrStale = errors.New("the live schema is not what the plan was made for")

// DriftError is ErrStale with the difference.
type DriftError struct {
	What string
	Diff []string
}

func (e *DriftError) Error() string {
	s := "drift: " + e.What
	for _, d := range e.Diff {
		s += "\n  " + d
	}
	return s
}

// Is makes errors.Is(err, ErrStale) true.
func (e *DriftError) Is(target error) bool { return target == ErrStale }

func sortedTables(syncs []Sync, alters []Alter, recipes []Recipe) []schema.Ident {
	var all []schema.Ident
	for _, s := range syncs {
		all = append(all, s.Tables()...)
	}
	for _, a := range alters {
		all = append(all, a.Table)
	}
	for _, r := range recipes {
		all = append(all, r.tables()...)
	}
	seen := map[schema.Ident]bool{}
	var out []schema.Ident
	for _, id := range all {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].String() < out[j].String() })
	return out
}
