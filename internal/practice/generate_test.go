package practice

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/schema"
)

func TestInsert(t *testing.T) {
	users := schema.Ident{Schema: "shop", Name: "users"}
	zero := "0"
	table := &schema.Table{Ident: users, Columns: []schema.Column{
		{Name: "id", Type: "bigint", Class: schema.Integer, Identity: "auto_increment"},
		{Name: "email", Type: "varchar(40)", Class: schema.Text},
		{Name: "state", Type: "varchar(9)", Class: schema.Text, Nullable: true},
		{Name: "team_id", Type: "bigint", Class: schema.Integer},
		{Name: "boss_id", Type: "bigint", Class: schema.Integer, Nullable: true},
		{Name: "shape", Type: "geometry", Class: schema.Opaque, Default: &zero},
		{Name: "full", Type: "text", Class: schema.Text, Generated: "x"},
	}, Constraints: []schema.Constraint{
		{Name: "state_check", Kind: schema.Check, Columns: []string{"state"}, Definition: "CHECK (state IN ('new', 'paid'))"},
		{Name: "team", Kind: schema.ForeignKey, Columns: []string{"team_id"}, Ref: schema.Ident{Schema: "shop", Name: "teams"}, RefColumns: []string{"id"}},
		{Name: "boss", Kind: schema.ForeignKey, Columns: []string{"boss_id"}, Ref: users, RefColumns: []string{"id"}},
	}, Indexes: []schema.Index{{Name: "email", Unique: true, Columns: []schema.IndexColumn{{Name: "email"}}}}}
	x := &generator{table: table, parents: map[string]int64{"team": 10}, plain: func(string) bool { return false }, checks: []string{"team_id > 0"}}
	q, err := x.insert(1, 100, 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"INSERT INTO `shop`.`users` (`email`, `state`, `team_id`, `boss_id`)",
		"WHEN 0 THEN 'new' WHEN 1 THEN 'paid' ELSE", "p0.`id` AS `team_id`", "NULL AS `boss_id`", "p0.pm_n = s.g % 10",
		"((state IN ('new', 'paid'))) IS NOT FALSE AND (team_id > 0) IS NOT FALSE LIMIT 50", "g < 101",
	} {
		if !strings.Contains(q, want) {
			t.Errorf("no %q in\n%s", want, q)
		}
	}
	if strings.Contains(strings.SplitN(q, " AS `email`", 2)[0], "NULL") {
		t.Error("a column of a key is left NULL")
	}
	table.Columns[5].Default = nil
	if _, err := x.insert(1, 100, 50); err == nil || !strings.Contains(err.Error(), "column shape has the type geometry") {
		t.Errorf("a type that no value is known for: %v", err)
	}
}

func TestCondition(t *testing.T) {
	for definition, want := range map[string]string{
		"CHECK ((age >= 0))":               "((age >= 0))",
		"CHECK ((age >= 0)) NOT VALID":     "((age >= 0))",
		"CHECK (`a` > (1))":                "(`a` > (1))",
		"NOT NULL id":                      "",
		"CONSTRAINT c CHECK (f(a) = g(b))": "(f(a) = g(b))",
	} {
		if got := condition(definition); got != want {
			t.Errorf("%s: %q", definition, got)
		}
	}
}
