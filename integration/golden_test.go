package integration

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// goldenCases are those of the catalog whose facts and plans are kept in plans/testdata/golden: of each way, and of each kind of object.
var goldenCases = map[throwaway.Kind][]string{
	throwaway.Postgres15: {"set not null", "change type"},
	throwaway.Postgres18: {"create index of expressions", "replace index", "add foreign key", "set not null", "add primary key of nullable columns", "drop unique", "rename check", "drop column", "add column with a constant", "drop trigger",
		"add enum value", "rename column", "split column", "move columns to a new table", "change type", "set not null with a fill", "change type of the key, on a shadow", "partition by hash", "drop table", "several tables", "create table with an index", "rename table", "copies of several tables"},
	throwaway.MySQL:   {"create index", "add foreign key, on a shadow", "add column with a constant", "rename column", "merge columns", "set not null with a fill", "change type", "alter table, on a shadow", "create two tables", "rename table", "copy beside other ways"},
	throwaway.MariaDB: {"create index", "rename column", "split column", "change type, on a shadow", "drop table"},
}

// eachGolden runs f on every case that has a golden file.
func eachGolden(t *testing.T, f func(t *testing.T, k throwaway.Kind, c recipeCase, path string)) {
	t.Helper()
	for _, k := range throwaway.Kinds() {
		for _, name := range goldenCases[k] {
			t.Run(string(k)+" "+name, func(t *testing.T) {
				i := slices.IndexFunc(wholeCatalog(k), func(c recipeCase) bool { return c.name == name })
				if i < 0 {
					t.Fatal("the catalog has no such case")
				}
				f(t, k, wholeCatalog(k)[i], filepath.Join("../plans/testdata/golden", string(k)+"-"+strings.NewReplacer(" ", "-", ",", "").Replace(name)+".txtar"))
			})
		}
	}
}

// TestGolden: the golden files of package plans are of these changes, and every statement of their plans passes the linter. With -update their
// facts are read anew from the servers.
func TestGolden(t *testing.T) {
	eachGolden(t, func(t *testing.T, k throwaway.Kind, c recipeCase, path string) {
		if *update {
			c.writeGolden(t, k, path)
		}
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		parts := map[string]string{}
		for _, f := range a.Files {
			parts[f.Name] = string(f.Data)
		}
		if parts["change.yaml"] != c.changeFile() {
			t.Fatalf("the file is of another change; go test ./integration -run 'TestGolden$' -update")
		}
		p, err := plans.Decode([]byte(parts["plan.json"]))
		if err != nil {
			t.Fatal(err)
		}
		(&kitchen{t: t, kind: k, c: c, plan: p}).lints()
	})
}

func (c recipeCase) changeFile() string {
	out := "name: recipe\nreplicas: none\n"
	if c.strategy != "" {
		out += "strategy: " + c.strategy + "\n"
	}
	return out + "operations:\n" + c.operations + "gates: {expand: [], switch: [], contract: []}\n"
}

// writeGolden keeps the facts under the name that the database has in every such file.
func (c recipeCase) writeGolden(t *testing.T, k throwaway.Kind, path string) {
	t.Helper()
	x := openKitchen(t, k, c)
	ch, err := plans.ParseChange([]byte(c.changeFile()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := x.db.Reader.Facts(t.Context(), ch)
	if err != nil {
		t.Fatal(err)
	}
	f.Keep(ch, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	b, err := plans.EncodeFacts(&f)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(b), databaseOf(t, x.dsn), "shop")
	kept, err := plans.DecodeFacts([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plans.Build(ch, kept, x.db.Rules)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	a := &txtar.Archive{Comment: []byte(c.name + "\n"), Files: []txtar.File{{Name: "change.yaml", Data: []byte(c.changeFile())}, {Name: "facts.json", Data: []byte(text)}, {Name: "plan.json", Data: plan}}}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}
