package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// longestFile is more than any migration and less than what fills the memory.
const longestFile = 64 << 20

// context reads --schema into the catalog.
func (l *linter) context() error {
	l.catalog = lint.NewCatalog(l.dialect.Syntax.Backtick)
	name := cmp.Or(l.c.String("schema"), l.config.Schema)
	if name == "" {
		return nil
	}
	if strings.HasSuffix(name, ".json") {
		return l.facts(name)
	}
	paths, err := sqlFiles([]string{name})
	if err != nil {
		return err
	}
	var files []*lint.File
	for _, path := range paths {
		f, ok, err := l.read(path, lint.Reading{})
		if err != nil {
			return err
		}
		if ok {
			f.Context = true
			files = append(files, f)
		}
	}
	l.before = files
	lint.Check(l.dialect, files, lint.Options{Version: l.version, Catalog: l.catalog})
	return nil
}

func (l *linter) facts(name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return &plans.InputError{What: "schema", Reason: err.Error()}
	}
	var f plans.Facts
	if err := json.Unmarshal(b, &f); err != nil {
		return &plans.InputError{What: name, Reason: err.Error(), Hint: "facts are JSON with the tables under \"tables\""}
	}
	l.catalog.AddFacts(&f)
	return nil
}

// files reads the arguments. keep tells findings that --diff-against leaves.
func (l *linter) files() (files []*lint.File, keep func(lint.Finding) bool, err error) {
	r, err := l.reading()
	if err != nil {
		return nil, nil, err
	}
	paths, err := sqlFiles(l.c.Args().Slice())
	if err != nil {
		return nil, nil, err
	}
	var d *difference
	if ref := l.c.String("diff-against"); ref != "" {
		if d, err = differenceTo(l.c.Context, ref); err != nil {
			return nil, nil, err
		}
	}
	for _, path := range paths {
		own, ok := l.config.Reading(path, r)
		if !ok {
			continue
		}
		f, ok, err := l.read(path, own)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			f.Context = d != nil && !d.touches(path)
			files = append(files, f)
		}
	}
	if d == nil {
		return files, nil, nil
	}
	return files, func(x lint.Finding) bool { return d.adds(x, files) }, nil
}

func (l *linter) reading() (lint.Reading, error) {
	r, err := readingOf(l.c)
	if err != nil {
		return r, err
	}
	r.Down = l.c.Bool("down")
	switch s := strings.ToLower(l.c.String("in-transaction")); s {
	case "":
	case "yes", "no":
		yes := s == "yes"
		r.InTransaction = &yes
	default:
		return r, usagef("--in-transaction %q is not one of yes, no", s)
	}
	return r, nil
}

func (l *linter) read(path string, r lint.Reading) (*lint.File, bool, error) {
	var b []byte
	var err error
	if path == "-" {
		b, err = io.ReadAll(io.LimitReader(l.Stdin, longestFile+1))
	} else {
		b, err = os.ReadFile(path)
	}
	switch {
	case err != nil:
		return nil, false, &plans.InputError{What: "read " + path, Reason: err.Error()}
	case len(b) > longestFile:
		return nil, false, &plans.InputError{What: path, Reason: "is larger than 64 MB"}
	}
	if conf, err := os.ReadFile(path + ".conf"); err == nil && r.InTransaction == nil && bytes.Contains(conf, []byte("executeInTransaction=false")) {
		no := false // Flyway's own file beside a migration
		r.InTransaction = &no
	}
	f, ok := lint.NewFile(l.dialect, filepath.ToSlash(path), strings.TrimPrefix(string(b), "\ufeff"), r)
	return f, ok, nil
}

// sqlFiles lists the files, and those below folders, in the order in which they are run: numbers in names count as numbers.
func sqlFiles(args []string) ([]string, error) {
	var out []string
	for _, a := range args {
		if a == "-" {
			out = append(out, a)
			continue
		}
		info, err := os.Stat(a)
		if err != nil {
			return nil, &plans.InputError{What: "read " + a, Reason: "there is no such file or folder"}
		}
		if !info.IsDir() {
			out = append(out, a)
			continue
		}
		below, err := walkSQL(a)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", a, err)
		}
		out = append(out, below...)
	}
	return out, nil
}

func walkSQL(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.EqualFold(filepath.Ext(path), ".sql") {
			out = append(out, path)
		}
		return err
	})
	slices.SortStableFunc(out, natural)
	return out, err
}

// natural compares names; runs of digits by their number, so that V2 comes before V10.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, y := digitRun(a), digitRun(b)
		if x > 0 && y > 0 {
			m, n := strings.TrimLeft(a[:x], "0"), strings.TrimLeft(b[:y], "0")
			if c := cmp.Or(cmp.Compare(len(m), len(n)), cmp.Compare(m, n)); c != 0 {
				return c
			}
			a, b = a[x:], b[y:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func digitRun(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// live reads the tables that the files name from the target, if there is one.
func (l *linter) live(files []*lint.File) error {
	if !l.c.IsSet("dsn") && !l.c.IsSet("env") {
		return nil
	}
	_, db, err := l.open(l.c.Context, l.c)
	if err != nil {
		return err
	}
	defer db.Close()
	info, err := db.Server.Info(l.c.Context)
	if err != nil {
		return fmt.Errorf("read the version of %s: %w", db.Target, err)
	}
	if l.c.String("server-version") == "" {
		l.version = lint.Version(info.Number)
	}
	if l.dialect.Name == "mysql" && strings.Contains(strings.ToLower(info.Product+info.Version), "mariadb") {
		l.dialect = lintDialects()[2]
	}
	seen := map[schema.Ident]bool{}
	for _, f := range files {
		for _, s := range f.Statements {
			for _, id := range l.dialect.Names(s.Text) {
				if seen[id] || id.Name == "" {
					continue
				}
				seen[id] = true
				t, err := db.Server.Table(l.c.Context, id)
				var missing *plans.InputError
				switch {
				case errors.As(err, &missing):
				case err != nil:
					return fmt.Errorf("read the table %s: %w", id, err)
				default:
					l.catalog.AddTable(*t)
				}
			}
		}
	}
	return nil
}

// fix writes what is mechanical into the files, last place first, so that the other places stay where they are.
func (l *linter) fix(res *lint.Result) error {
	written := map[string][]lint.Fix{}
	for _, f := range res.Files {
		if f.Context || f.Path == "-" {
			continue
		}
		text, fixes := f.Source, fixesOf(res, f)
		for _, x := range slices.Backward(fixes) {
			text = text[:x.Start] + x.Text + text[x.End:]
		}
		if len(fixes) == 0 {
			continue
		}
		if err := os.WriteFile(f.Path, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write the fixes: %w", err)
		}
		written[f.Path] = fixes
		l.note("%s: %d fixed", f.Path, len(fixes))
	}
	// What wasn't written, as in standard input, is still there.
	res.Findings = slices.DeleteFunc(res.Findings, func(x lint.Finding) bool { return x.Fix != nil && slices.Contains(written[x.File], *x.Fix) })
	return nil
}

// fixesOf lists a file's fixes in the order of their places. One place is written once: of two that overlap the later one is left for the next call.
func fixesOf(res *lint.Result, f *lint.File) []lint.Fix {
	var out []lint.Fix
	for _, x := range res.Findings {
		if x.File == f.Path && x.Fix != nil && !slices.ContainsFunc(out, func(o lint.Fix) bool { return o.Start == x.Fix.Start }) {
			out = append(out, *x.Fix)
		}
	}
	slices.SortFunc(out, func(a, b lint.Fix) int { return cmp.Compare(a.Start, b.Start) })
	end := 0
	return slices.DeleteFunc(out, func(x lint.Fix) bool {
		if x.Start < end {
			return true
		}
		end = x.End
		return false
	})
}
