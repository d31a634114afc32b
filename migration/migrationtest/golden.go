// Package migrationtest runs golden files of migrations: what a dialect makes of SQL, or why it refuses.
package migrationtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
)

// Want is the file of an archive that holds what is expected; all others are read as migrations, in their order. An
// archive whose comment has the line "allow-drop" is read as with that flag; a line "index i on t" tells where an index is.
const Want = "want"

// Run compares what becomes of each archive of a folder with what it expects; with update it is written anew.
func Run(t *testing.T, dir string, d *lint.Dialect, tr migration.Translator, update bool) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives in %s: %v", dir, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := []byte(tell(a, d, tr))
			want := expectation(a)
			if bytes.Equal(got, want.Data) {
				return
			}
			if !update {
				t.Fatalf("got:\n%s\nwant:\n%s", got, want.Data)
			}
			want.Data = got
			if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func expectation(a *txtar.Archive) *txtar.File {
	for i := range a.Files {
		if a.Files[i].Name == Want {
			return &a.Files[i]
		}
	}
	a.Files = append(a.Files, txtar.File{Name: Want})
	return &a.Files[len(a.Files)-1]
}

// tell is what becomes of the files: the change and the notes, or the error with its hint.
func tell(a *txtar.Archive, d *lint.Dialect, tr migration.Translator) string {
	made, err := compose(a, d, tr)
	if err != nil {
		return problem(err)
	}
	b, err := yaml.Marshal(made.Change)
	if err != nil {
		return problem(err)
	}
	var out strings.Builder
	out.Write(b)
	for _, n := range made.Notes {
		fmt.Fprintf(&out, "note: %s\n", n)
	}
	return out.String()
}

func problem(err error) string {
	kind, hint := "error", ""
	var refused *plans.RefusedError
	var input *plans.InputError
	switch {
	case errors.As(err, &refused):
		kind, hint = "refused", refused.Hint
	case errors.As(err, &input):
		kind, hint = "input", input.Hint
	}
	out := kind + ": " + err.Error() + "\n"
	if hint != "" {
		out += "hint: " + hint + "\n"
	}
	return out
}

func compose(a *txtar.Archive, d *lint.Dialect, tr migration.Translator) (migration.Result, error) {
	o := migration.Options{}
	indexes := map[string]string{}
	for line := range strings.Lines(string(a.Comment)) {
		f := strings.Fields(line)
		switch {
		case len(f) == 1 && f[0] == "allow-drop":
			o.MayDrop = true
		case len(f) == 4 && f[0] == "index":
			indexes[f[1]] = f[3]
		}
	}
	o.Table = func(index string) (string, error) { return indexes[index], nil }
	var list []*migration.Statement
	var paths []string
	for _, x := range a.Files {
		if x.Name == Want {
			continue
		}
		f, ok := lint.NewFile(d, x.Name, string(x.Data), lint.Reading{})
		if !ok {
			continue
		}
		own, err := migration.Read(f, d.Syntax)
		if err != nil {
			return migration.Result{}, err
		}
		list, paths = append(list, own...), append(paths, x.Name)
	}
	o.Name = migration.Name(paths)
	return migration.Compose(list, tr, o)
}
