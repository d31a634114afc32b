package plans

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/schema"
)

// TestBesideSyncs: what touches the sync's columns in any way, or can't be taken back, stands in a change of its own.
func TestBesideSyncs(t *testing.T) {
	users, teams := schema.Ident{Schema: "s", Name: "users"}, schema.Ident{Schema: "s", Name: "teams"}
	sync := Sync{Operation: "rename_column", Table: users, Trigger: "~pm_1_0", Old: []Side{{Name: "old", Hidden: "_pm_hidden_old"}}, New: []Side{{Name: "new"}}, Twins: []Twin{{Name: "_pm_i", Of: "by_old"}}}
	recipe := func(table schema.Ident, sql string, phase PhaseName, reversible bool) Recipe {
		return Recipe{Operation: "create_index", Table: table, Steps: []Step{{SQL: []string{sql}, Reversible: reversible, Act: &Act{Phase: phase}}}}
	}
	named := func(r Recipe, columns, objects []string) Recipe {
		r.Columns, r.Objects = columns, objects
		return r
	}
	for name, c := range map[string]struct {
		r   Recipe
		why string
	}{
		"another column":                {r: named(recipe(users, "ADD COLUMN older int", Expand, true), []string{"older"}, nil)},
		"another table":                 {r: recipe(teams, "CREATE INDEX i ON s.teams (old)", Expand, true)},
		"lasting in contract":           {r: recipe(users, "DROP COLUMN gone", Contract, false)},
		"its old column":                {r: named(recipe(users, "x", Expand, true), []string{"old"}, nil), why: "both are about column old"},
		"its new column":                {r: named(recipe(users, "x", Expand, true), []string{"new"}, nil), why: "both are about column new"},
		"an expression":                 {r: recipe(users, `CHECK (length("Old") > 1)`, Expand, true), why: "name old"},
		"an index of it":                {r: named(recipe(users, "x", Contract, true), nil, []string{"by_old"}), why: "both are about by_old"},
		"a foreign key at its table":    {r: recipe(teams, "FOREIGN KEY (u) REFERENCES s.users (id)", Expand, true), why: "name users"},
		"what can't be taken back":      {r: recipe(users, "ADD VALUE 'x'", Expand, false), why: "can't be taken back"},
		"an index of the other's table": {r: named(recipe(teams, "x", Expand, true), nil, []string{"by_old"}), why: "by_old"},
	} {
		err := c.r.besideSyncs(&Plan{Name: "c", Syncs: []Sync{sync}})
		if c.why == "" && err != nil || c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)) {
			t.Errorf("%s: %v, want %q", name, err, c.why)
		}
	}
}

// TestBesideMove: columns that move leave neither of their two tables to anything else of the change; what is about others goes along.
func TestBesideMove(t *testing.T) {
	users, phones, teams := schema.Ident{Schema: "s", Name: "users"}, schema.Ident{Schema: "s", Name: "phones"}, schema.Ident{Schema: "s", Name: "teams"}
	move := Sync{Operation: "move_columns", Table: users, Trigger: "~pm_1_0", Old: []Side{{Name: "phone", Hidden: "_pm_hidden_phone"}}, New: []Side{{Name: "phone"}}, Move: &Move{To: phones}}
	recipe := func(table schema.Ident, sql string) Recipe {
		return Recipe{Operation: "add_column", Table: table, Steps: []Step{{SQL: []string{sql}, Reversible: true, Act: &Act{Phase: Expand}}}}
	}
	renamed := recipe(teams, "ALTER TABLE s.teams RENAME TO phones")
	renamed.Operation, renamed.To = "rename_table", phones
	for name, c := range map[string]struct {
		r   Recipe
		why string
	}{
		"where they come from":             {recipe(users, "ALTER TABLE s.users ADD COLUMN other int"), "add_column of s.users stands beside move_columns of s.users: columns move to or from the table"},
		"where they go":                    {recipe(phones, "ALTER TABLE s.phones ADD COLUMN other int"), "add_column of s.phones stands beside move_columns of s.users: columns move to or from the table"},
		"a table that gets its name":       {renamed, "columns move to or from the table"},
		"a key that points at the one":     {recipe(teams, "ALTER TABLE s.teams ADD FOREIGN KEY (u) REFERENCES s.users (id)"), "its statements name users"},
		"a key that points at the other":   {recipe(teams, "ALTER TABLE s.teams ADD FOREIGN KEY (u) REFERENCES s.phones (id)"), "its statements name phones"},
		"a table that has to do with none": {recipe(teams, "ALTER TABLE s.teams ADD COLUMN phone int"), ""},
	} {
		err := c.r.besideSyncs(&Plan{Name: "c", Syncs: []Sync{move}})
		var refused *RefusedError
		if c.why == "" && err != nil || c.why != "" && (!errors.As(err, &refused) || !strings.Contains(refused.Reason, c.why) || refused.Hint == "") {
			t.Errorf("%s: %v, want %q", name, err, c.why)
		}
	}
}

// TestMixedOrder: in contract nothing that can't be taken back stands before what can.
func TestMixedOrder(t *testing.T) {
	act := func(id string, reversible bool) Step { return Step{ID: id, Kind: RunAct, Reversible: reversible} }
	steps := mixedOrder([]Step{{ID: "hide a", Kind: Hide, Reversible: true}, {ID: "drop a", Kind: Drop}, {ID: "names a", Kind: AdoptNames}, {ID: "hide b", Kind: Hide, Reversible: true}, {ID: "drop b", Kind: Drop}, act("first", true), act("last", false)})
	var got []string
	for _, st := range steps {
		got = append(got, st.ID)
	}
	if want := []string{"hide a", "hide b", "first", "drop a", "drop b", "last", "names a"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
