package plans

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/schema"
)

func TestKeptFacts(t *testing.T) {
	c := Change{Name: "a", Operations: []Operation{{DropIndex: &DropIndex{Table: "orders", Name: "x"}}}}
	f := &Facts{Dialect: "postgres", Settings: map[string]string{"search_path": "public, pg_temp"}, Tables: []schema.Table{
		{Ident: schema.Ident{Schema: "public", Name: "orders"}, Indexes: []schema.Index{{Name: "x"}}},
		{Ident: schema.Ident{Schema: "shop", Name: "orders"}, Indexes: []schema.Index{{Name: "y"}}}}}
	f.Keep(c, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	b, err := EncodeFacts(f)
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeFacts(b)
	if err != nil {
		t.Fatal(err)
	}
	if back.Read != "2026-01-02T03:04:05Z" || back.Match(c) != nil {
		t.Errorf("read %q, match %v", back.Read, back.Match(c))
	}
	for index, want := range map[string]string{"x": "orders", "public.x": "orders", "y": "shop.orders", "public.y": "", "z": ""} {
		if got := back.IndexTable(index); got != want {
			t.Errorf("index %s is on %q, want %q", index, got, want)
		}
	}
	// Another name is the same change to the server, another operation isn't.
	c.Name = "b"
	if err := back.Match(c); err != nil {
		t.Error(err)
	}
	c.Operations = append(c.Operations, Operation{DropIndex: &DropIndex{Table: "orders", Name: "y"}})
	var input *InputError
	if err := back.Match(c); !errors.As(err, &input) {
		t.Errorf("facts of another change: %v", err)
	}
	for _, bad := range []string{"", "{}", `{"dialect":"mysql"}`, strings.Replace(string(b), `"tables"`, `"tabels"`, 1), strings.Replace(string(b), "2026-01", "yesterday", 1)} {
		if _, err := DecodeFacts([]byte(bad)); err == nil {
			t.Errorf("taken for facts: %.40s", bad)
		}
	}
}

// TestFactsAgeStandsOutsideTheHash: a plan of older facts that say the same is the same plan.
func TestFactsAgeStandsOutsideTheHash(t *testing.T) {
	p := Plan{Format: Format, Name: "a"}
	hash := p.ComputeHash()
	p.FactsRead = "2026-01-02T03:04:05Z"
	if p.ComputeHash() != hash {
		t.Error("the age of the facts is in the hash")
	}
}

func TestNearest(t *testing.T) {
	known := []string{"rename_column", "split_column", "change_type", "table", "up"}
	for word, want := range map[string]string{"raname_column": "rename_column", "Rename_Column": "rename_column", "splitcolumn": "split_column", "tabel": "table", "type": "", "frobnicate": ""} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}
