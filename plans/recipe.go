package plans

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// RunAct is the kind of every step of a recipe.
const RunAct StepKind = "run_act"

// Recipe is an operation that the server does by itself, in acts none of which keeps anybody waiting
// for long. Each act is a step of the plan.
type Recipe struct {
	Operation string       `json:"operation"` // as a change file calls it
	Table     schema.Ident `json:"table"`
	// Columns are those that it makes, changes or takes away, and Objects the names of indexes,
	// constraints, triggers and values, under every name that they have at any time.
	Columns []string `json:"columns,omitempty"`
	Objects []string `json:"objects,omitempty"`
	// To is the name that the table gets, where it gets another.
	To schema.Ident `json:"to,omitzero"`
	// Drops are columns that code must not name any more.
	Drops []string `json:"drops,omitempty"`
	// Settings are those of the session in which the change's own SQL was read, and means what it
	// says.
	Settings map[string]string `json:"settings,omitempty"`

	Steps []Step   `json:"-"` // they stand in the phases
	Notes []string `json:"-"` // for the plan's notes
	code  func(PhaseName) [2]string
	of    Operation
	// gone are all tables that the change drops.
	gone []schema.Ident
}

// Act is how a step of a recipe shows in the catalog. Statements are told apart by what a few objects
// show after each of them, so that whoever comes after a crash knows where to go on.
type Act struct {
	Phase PhaseName `json:"phase"`
	Does  string    `json:"does"` // in a few words
	// On is the partition that it is done to, where that isn't the table itself.
	On schema.Ident `json:"on,omitzero"`
	// Sees are the objects that are looked at. All lists of lines hold one for each of them.
	Sees   []schema.Object `json:"sees"`
	Before []string        `json:"before"`
	After  [][]string      `json:"after"` // after each statement of SQL
	// Undone holds what shows between two statements of Undo.
	Undone [][]string `json:"undone,omitempty"`
	Broken []Broken   `json:"broken,omitempty"`
	// Stays says of an act that can't be taken back why, and what can be done instead.
	Stays string `json:"stays,omitempty"`
	// Otherwise is set where the server writes the same in another way when the way back makes it anew.
	Otherwise *Spelling `json:"otherwise,omitempty"`
}

// Spelling is a piece of a line as the plan has it, and as the server writes it the second time.
type Spelling struct {
	First string `json:"first"`
	Again string `json:"again"`
}

// Broken is what a statement leaves that failed or was cut short, and what takes it away.
type Broken struct {
	Shows []string `json:"shows"`
	Clean []string `json:"clean"`
}

// Reached is how much of an act shows.
type Reached struct {
	Known  bool    // false: something shows that the act doesn't make
	Done   int     // statements of SQL that were done; 0: none
	Undone int     // statements of Undo that were done, where going back was cut short
	Broken *Broken // something to be cleaned first
}

// Looks are the lines that the act's objects show on a table, in the plan's own spelling.
func (a *Act) Looks(t *schema.Table) []string {
	out := make([]string, len(a.Sees))
	for i, o := range a.Sees {
		out[i] = t.Shows(o)
		if w := a.Otherwise; w != nil {
			out[i] = strings.Replace(out[i], w.Again, w.First, 1)
		}
	}
	return out
}

// Reached tells how far the act is by what its objects show.
func (a *Act) Reached(shows []string) Reached {
	for i := len(a.After) - 1; i >= 0; i-- {
		if slices.Equal(a.After[i], shows) {
			return Reached{Known: true, Done: i + 1}
		}
	}
	if slices.Equal(a.Before, shows) {
		return Reached{Known: true}
	}
	for i := range a.Undone {
		if slices.Equal(a.Undone[i], shows) {
			return Reached{Known: true, Undone: i + 1}
		}
	}
	for i := range a.Broken {
		if slices.Equal(a.Broken[i].Shows, shows) {
			return Reached{Known: true, Broken: &a.Broken[i]}
		}
	}
	return Reached{}
}

// saidOtherwise: a rollback has come back to what the server now writes otherwise. The rest of the table must be as it
// was; what the acts are about is looked at by each of them.
func (p *Plan) saidOtherwise(t *schema.Table) bool {
	for _, ph := range p.Phases {
		for _, st := range ph.Steps {
			if st.Act == nil || st.Act.Otherwise == nil || st.Table != t.Ident {
				continue
			}
			if slices.ContainsFunc(st.Act.Sees, func(o schema.Object) bool { return strings.Contains(t.Shows(o), st.Act.Otherwise.Again) }) {
				return true
			}
		}
	}
	return false
}

// Trial is what the server made of an operation on an empty copy of the table.
type Trial struct {
	Table schema.Ident `json:"table"`
	SQL   string       `json:"sql"` // the change as the server itself does it, at once
	Error string       `json:"error,omitempty"`
	// Rewrites: the copy was written anew, as all rows of the table would be.
	Rewrites bool          `json:"rewrites,omitempty"`
	Result   *schema.Table `json:"result,omitempty"` // the copy afterwards, under the table's own name
}

// Trial finds what was seen of an operation.
func (f *Facts) Trial(id schema.Ident, sql string) (Trial, bool) {
	for _, t := range f.Trials {
		if t.Table.Name == id.Name && t.SQL == sql {
			return t, true
		}
	}
	return Trial{}, false
}
