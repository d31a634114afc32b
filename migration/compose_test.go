package migration

import (
	"testing"

	"github.com/phasemig/phasemig/plans"
)

// TestMeets: a column that is called as a word of change files is met by its name alone.
func TestMeets(t *testing.T) {
	rename := Item{Table: "users", Operation: plans.Operation{RenameColumn: &plans.RenameColumn{Table: "users", From: "name", To: "title"}}, Objects: []string{"column name", "column title"}}
	add := func(name string) Item {
		return Item{Table: "users", Operation: plans.Operation{AddColumn: &plans.AddColumn{Table: "users", Name: name, Type: "text"}}}
	}
	check := Item{Table: "users", Operation: plans.Operation{AddCheck: &plans.AddCheck{Table: "users", Name: "long", Check: "length(Title) > 2"}}}
	for want, other := range map[string]Item{"": add("extra"), "column title": check, "column name": add("name")} {
		if got := meets(rename, other); got != want {
			t.Errorf("meets %q, want %q", got, want)
		}
		if got := meets(other, rename); got != want {
			t.Errorf("the other way round it meets %q, want %q", got, want)
		}
	}
}
