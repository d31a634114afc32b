package postgres

import (
	"slices"
	"testing"

	"github.com/phasemig/phasemig/schema"
)

// A key or check that is there under another name gets the file's; one of another shape is made anew.
func TestDesiredNames(t *testing.T) {
	primary := func(name string) schema.Index {
		return schema.Index{Name: name, Unique: true, Primary: true, Constraint: true, Columns: []schema.IndexColumn{{Name: "id"}},
			Definition: "CREATE UNIQUE INDEX " + name + " ON public.t USING btree (id)"}
	}
	plain := func(name, written, column string) schema.Index {
		return schema.Index{Name: name, Columns: []schema.IndexColumn{{Name: column}}, Definition: "CREATE INDEX " + written + " ON public.t USING btree (" + column + ")"}
	}
	check := func(name, expression string) schema.Constraint {
		return schema.Constraint{Name: name, Kind: schema.Check, Definition: "CHECK ((" + expression + "))"}
	}
	table := func(indexes []schema.Index, constraints ...schema.Constraint) *schema.Table {
		return &schema.Table{Ident: schema.Ident{Schema: "public", Name: "t"}, Indexes: indexes, Constraints: constraints}
	}
	live := table([]schema.Index{primary("old_pkey"), plain("Old", `"Old"`, "a"), plain("gone", "gone", "b")}, check("old_n", "n > 0"), check("old_m", "m > 0"))
	want := table([]schema.Index{primary("t_pkey"), plain("t_a", "t_a", "a"), plain("t_c", "t_c", "c")}, check("t_n", "n > 0"), check("t_m", "m > 1"))
	loose, rest, err := difference(live, want)
	if err != nil || len(loose) > 0 {
		t.Fatal(loose, err)
	}
	expected := []string{
		`ALTER TABLE "public"."t" RENAME CONSTRAINT "old_pkey" TO "t_pkey"`,
		`ALTER INDEX "public"."Old" RENAME TO "t_a"`,
		`ALTER TABLE "public"."t" RENAME CONSTRAINT "old_n" TO "t_n"`,
		`DROP INDEX "public"."gone"`,
		`ALTER TABLE "public"."t" DROP CONSTRAINT "old_m"`,
		`CREATE INDEX t_c ON public.t USING btree (c)`,
		`ALTER TABLE "public"."t" ADD CONSTRAINT "t_m" CHECK ((m > 1))`,
	}
	if !slices.Equal(rest, expected) {
		t.Errorf("%q\nwant %q", rest, expected)
	}
	if live.Indexes[0].Name != "old_pkey" {
		t.Error("the table that was read is changed")
	}
}
