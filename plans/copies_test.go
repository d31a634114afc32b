package plans

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/schema"
)

// limited are rules of which only the limit is asked.
type limited struct{ Rules }

func (limited) Copies() int { return 3 }

func named(n string) schema.Ident { return schema.Ident{Schema: "s", Name: n} }

// pointingAt is a table with a foreign key to each of some others, and theirs to it.
func pointingAt(name string, to []string, from ...string) schema.Table {
	t := schema.Table{Ident: named(name)}
	for _, o := range to {
		t.Constraints = append(t.Constraints, schema.Constraint{Name: name + "_" + o, Kind: schema.ForeignKey, Columns: []string{o}, Ref: named(o)})
	}
	for _, o := range from {
		t.Constraints = append(t.Constraints, schema.Constraint{Name: o + "_" + name, Kind: schema.ForeignKey, Columns: []string{"id"}, Ref: named(o), Incoming: true})
	}
	return t
}

// copiesOf is a plan that copies tables; one with a "/" behind its name goes into partitions.
func copiesOf(tables ...string) *Plan {
	p := &Plan{Name: "c"}
	for _, name := range tables {
		a := Alter{Way: Shadow}
		plain, cut := strings.CutSuffix(name, "/")
		if a.Table = named(plain); cut {
			a.Partition = &PartitionTable{}
		}
		p.Alters = append(p.Alters, a)
	}
	return p
}

// TestExchanges: a table that goes into partitions takes its place behind those that it points at.
func TestExchanges(t *testing.T) {
	f := &Facts{Tables: []schema.Table{pointingAt("a", []string{"b"}, "c"), pointingAt("b", []string{"c"}, "a"), pointingAt("c", []string{"a"}, "b"), pointingAt("d", []string{"d"}, "d")}}
	for _, c := range []struct {
		tables []string
		want   string // "" : no order
	}{
		{[]string{"a", "b", "c"}, "a b c"}, // keys of plain tables can be pointed elsewhere at any moment
		{[]string{"a/", "b", "c"}, "b a c"},
		{[]string{"a/", "b/", "c"}, "c b a"},
		{[]string{"a/", "b/", "c/"}, ""},
		{[]string{"c/", "a/", "d/"}, "a c d"},
		{[]string{"d/", "b/"}, "d b"},
	} {
		p := copiesOf(c.tables...)
		b := builder{facts: f, rules: limited{}}
		err := b.together(p)
		var refused *RefusedError
		if c.want == "" {
			if !errors.As(err, &refused) || !strings.Contains(refused.Reason, "s.a, s.b, s.c go into partitions") || refused.Hint == "" {
				t.Errorf("%v: %v", c.tables, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", c.tables, err)
			continue
		}
		var steps []Step
		for i := range p.Alters {
			steps = append(steps, Step{Kind: CutOver, Alter: i, Table: p.Alters[i].Table}, Step{Kind: Swap})
			if p.Alters[i].N != i {
				t.Errorf("%v: copy %d has the number %d", c.tables, i, p.Alters[i].N)
			}
		}
		b.exchangeOrder(p, steps)
		var got []string
		for _, st := range steps {
			if st.Kind == CutOver {
				got = append(got, st.Table.Name)
			}
		}
		if strings.Join(got, " ") != c.want || steps[1].Kind != Swap {
			t.Errorf("%v: %v, want %s", c.tables, got, c.want)
		}
		if note := b.copyNotes(p); len(note) != 1 || !strings.Contains(note[0], strings.ReplaceAll(c.want, " ", ", ")) {
			t.Errorf("%v: %q", c.tables, note)
		}
	}
}

// TestRoomForCopies: the limit is the server's, and what it has free is a fact.
func TestRoomForCopies(t *testing.T) {
	f := &Facts{Tables: []schema.Table{{Ident: named("a")}, {Ident: named("b")}, {Ident: named("c")}, {Ident: named("d")}}}
	for _, c := range []struct {
		tables []string
		room   *Room
		why    string
	}{
		{[]string{"a", "b", "c"}, nil, ""},
		{[]string{"a", "b", "c", "d"}, nil, "4 tables would have to be copied, and on this server a run copies 3"},
		{[]string{"a", "b"}, &Room{2, "all is taken", "give"}, ""},
		{[]string{"a", "b", "c"}, &Room{2, "all is taken", "give"}, "3 tables would have to be copied, and there is room for 2: all is taken"},
		{[]string{"a"}, &Room{0, "all is taken", "give"}, "a table would have to be copied, and there is room for 0: all is taken"},
		{nil, &Room{0, "all is taken", "give"}, ""},
	} {
		f.Room = c.room
		err := (&builder{facts: f, rules: limited{}}).together(copiesOf(c.tables...))
		if c.why == "" && err != nil || c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)) {
			t.Errorf("%v with %+v: %v, want %q", c.tables, c.room, err, c.why)
		}
	}
}

// TestCopyBesideSync: a copy takes its table's place with all that depends on it, so none of that may be the column sync's.
func TestCopyBesideSync(t *testing.T) {
	viewed := schema.Table{Ident: named("seen"), Dependents: []schema.Dependent{{Kind: "view", Name: "s.both"}}}
	f := &Facts{Tables: []schema.Table{pointingAt("users", []string{"teams"}, "logins"), pointingAt("teams", nil, "users"), pointingAt("logins", []string{"users"}), {Ident: named("free")}, viewed}}
	sync := func(table, column string) Sync {
		return Sync{Operation: "rename_column", Table: named(table), Old: []Side{{Name: column, Hidden: "_pm_hidden_" + column}}, New: []Side{{Name: "new"}}, Views: []string{"s.both"}}
	}
	moved := sync("users", "phone")
	moved.Move = &Move{To: named("phones")}
	for name, c := range map[string]struct {
		copied string
		s      Sync
		native bool
		why    string
	}{
		"another table":                     {copied: "free", s: sync("users", "name")},
		"its own table":                     {copied: "users", s: sync("users", "name"), why: "columns of the table that is copied"},
		"a key that isn't the column's":     {copied: "teams", s: sync("users", "name")},
		"a key of the column":               {copied: "teams", s: sync("users", "teams"), why: "foreign key users_teams ties s.users to s.teams"},
		"a view of both":                    {copied: "seen", s: sync("users", "name"), why: "view s.both reads both tables"},
		"columns that move from a neighbor": {copied: "logins", s: moved, why: "foreign key logins_users ties s.users to s.logins"},
		"columns that move elsewhere":       {copied: "free", s: moved},
		"columns that move to it":           {copied: "phones", s: moved, why: "columns of the table that is copied"},
		"done by the server at once":        {copied: "free", s: sync("users", "name"), native: true, why: "can't be taken back"},
	} {
		p := copiesOf(c.copied)
		p.Syncs = []Sync{c.s}
		if c.native {
			p.Alters[0].Way = Native
		}
		err := (&builder{facts: f, rules: limited{}}).together(p)
		if c.why == "" && err != nil || c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)) {
			t.Errorf("%s: %v, want %q", name, err, c.why)
		}
	}
}

// TestRecipeBesideCopy: what the server does by itself may stand beside the copy of a table that it says nothing of.
func TestRecipeBesideCopy(t *testing.T) {
	f := &Facts{Tables: []schema.Table{pointingAt("orders", []string{"teams"}, "lines"), pointingAt("lines", []string{"orders"})}}
	recipe := func(table, sql string, phase PhaseName, reversible bool, objects ...string) Recipe {
		return Recipe{Operation: "create_index", Table: named(table), Objects: objects, Steps: []Step{{SQL: []string{sql}, Reversible: reversible, Act: &Act{Phase: phase}}}}
	}
	for name, c := range map[string]struct {
		r   Recipe
		why string
	}{
		"another table":             {r: recipe("lines", "CREATE INDEX i ON s.lines (n)", Expand, true)},
		"lasting in contract":       {r: recipe("lines", "DROP COLUMN gone", Contract, false)},
		"what can't be taken back":  {r: recipe("lines", "ADD VALUE 'x'", Expand, false), why: "can't be taken back"},
		"a foreign key to the copy": {r: recipe("lines", "FOREIGN KEY (o) REFERENCES s.orders (id)", Expand, true), why: "its statements name orders"},
		"a foreign key of the copy": {r: recipe("lines", "DROP CONSTRAINT lines_orders", Contract, false, "lines_orders"), why: "foreign key lines_orders goes over"},
	} {
		p := copiesOf("orders")
		err := (&builder{facts: f}).besideCopies(p, &c.r)
		if c.why == "" && err != nil || c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)) {
			t.Errorf("%s: %v, want %q", name, err, c.why)
		}
	}
}

// TestKeysNotValidYet: between an exchange and its end foreign keys are not valid, on the table and on others, and that is no drift. One that is
// another one is.
func TestKeysNotValidYet(t *testing.T) {
	lines := schema.Table{Ident: named("lines"), Kind: "table", Constraints: []schema.Constraint{{Name: "k", Kind: schema.ForeignKey, Columns: []string{"o"}, Ref: named("orders"), Definition: "FOREIGN KEY (o) REFERENCES s.orders(id)"}}}
	checked := lines
	checked.Constraints = append(slices.Clone(lines.Constraints), schema.Constraint{Name: "c", Kind: schema.Check, Definition: "CHECK (o > 0)"})
	moment := func(t schema.Table, definition string, valid bool) *schema.Table {
		t.Constraints = slices.Clone(t.Constraints)
		for i := range t.Constraints {
			t.Constraints[i].NotValid = !valid
		}
		t.Constraints[0].Definition = definition
		return &t
	}
	const plain = "FOREIGN KEY (o) REFERENCES s.orders(id)"
	for name, c := range map[string]struct {
		p    *Plan
		was  schema.Table
		now  *schema.Table
		same bool
	}{
		"beside a copy":          {copiesOf("orders", "lines"), lines, moment(lines, plain+" NOT VALID", false), true},
		"beside no copy":         {&Plan{}, lines, moment(lines, plain+" NOT VALID", false), false},
		"another key":            {copiesOf("orders", "lines"), lines, moment(lines, "FOREIGN KEY (o) REFERENCES s.other(id) NOT VALID", false), false},
		"a check isn't validate": {copiesOf("orders", "lines"), checked, moment(checked, plain, false), false},
	} {
		if same := len(schema.Difference(c.p.rest(&c.was), c.p.rest(c.now))) == 0; same != c.same {
			t.Errorf("%s: the same: %t, want %t", name, same, c.same)
		}
	}
}
