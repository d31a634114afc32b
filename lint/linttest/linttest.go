// Package linttest runs what every dialect of the linter is tested with: the examples of its rules, and fixtures that
// carry their expectation inside the SQL.
//
// A fixture file is named after its rule and holds cases, each begun by a line "-- case: NAME". A case may have a line
// "-- version: 15", and a part that ends with a line "-- schema above" is context. A comment "-- want RULE[,RULE]" stands
// at the end of the line that a finding is expected to begin on. Findings that are missing and findings that are extra both
// fail. The rule about lock timeouts is only looked at in its own file.
package linttest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/lint"
)

// timeouts is the rule that would be wanted everywhere.
const timeouts = "missing-lock-timeout"

// Check judges SQL against a schema.
func Check(t testing.TB, d *lint.Dialect, version, schema, sql string) lint.Result {
	t.Helper()
	return CheckAs(t, d, version, schema, "case.sql", sql)
}

// CheckAs is Check for a file of that name.
func CheckAs(t testing.TB, d *lint.Dialect, version, schema, name, sql string) lint.Result {
	t.Helper()
	o := lint.Options{Today: "2026-11-25"}
	if version != "" {
		v, err := lint.ParseVersion(version)
		if err != nil {
			t.Fatal(err)
		}
		o.Version = v
	}
	var files []*lint.File
	if schema != "" {
		f, _ := lint.NewFile(d, "schema.sql", schema, lint.Reading{Format: lint.Plain})
		f.Context = true
		files = append(files, f)
	}
	f, _ := lint.NewFile(d, name, sql, lint.Reading{})
	return lint.Check(d, append(files, f), o)
}

// Examples runs the good and bad SQL of every rule: Bad is found by the rule, Good is not, and holds no error of any other
// rule either.
func Examples(t *testing.T, d *lint.Dialect) {
	for _, r := range d.Rules {
		t.Run(r.ID, func(t *testing.T) {
			if r.Summary == "" || r.Why == "" || len(r.Bad) == 0 || len(r.Good) == 0 {
				t.Fatal("the rule says too little about itself")
			}
			for _, e := range r.Bad {
				if got := Check(t, d, e.Version, e.Schema, e.SQL); !has(got, r.ID) {
					t.Errorf("not found in\n%s\n%v", e.SQL, got.Findings)
				}
			}
			for _, e := range r.Good {
				got := Check(t, d, e.Version, e.Schema, e.SQL)
				if has(got, r.ID) || got.Worst() == lint.Error {
					t.Errorf("found in\n%s\n%v", e.SQL, got.Findings)
				}
			}
		})
	}
}

func has(r lint.Result, id string) bool {
	return slices.ContainsFunc(r.Findings, func(f lint.Finding) bool { return f.Rule == id })
}

// Fixtures runs every file of a folder, and asks for one with at least six cases for each rule.
func Fixtures(t *testing.T, d *lint.Dialect, dir string) {
	for _, r := range d.Rules {
		t.Run(r.ID, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(dir, r.ID+".sql"))
			if err != nil {
				t.Fatal(err)
			}
			cases := cut(string(b))
			bad := 0
			for _, c := range cases {
				if slices.Contains(c.rules(), r.ID) {
					bad++
				}
				t.Run(c.name, func(t *testing.T) { c.run(t, d, r.ID) })
			}
			if len(cases) < 6 || bad == 0 || bad == len(cases) {
				t.Errorf("%d cases, %d of them bad; at least 6 are wanted, bad and good", len(cases), bad)
			}
		})
	}
}

type fixture struct{ name, version, schema, sql, file string }

var heads = regexp.MustCompile(`(?m)^-- case: (.+)\n`)

func cut(text string) []fixture {
	var out []fixture
	at := heads.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		f := fixture{name: text[m[2]:m[3]], sql: text[m[1]:end], file: "case.sql"}
		f.sql = f.take("-- version: ", &f.version)
		f.sql = f.take("-- file: ", &f.file)
		if s, rest, ok := strings.Cut(f.sql, "-- schema above\n"); ok {
			f.schema, f.sql = s, rest
		}
		out = append(out, f)
	}
	return out
}

// take removes a head line and stores its value.
func (f *fixture) take(head string, into *string) string {
	if !strings.HasPrefix(f.sql, head) {
		return f.sql
	}
	l, rest, _ := strings.Cut(f.sql, "\n")
	*into = strings.TrimPrefix(l, head)
	return rest
}

// expectation is taken away before the SQL is judged: it must not end a line that is no SQL, nor an ignore comment.
var expectation = regexp.MustCompile(`(?m)[ \t]*-- want [\w, -]+$`)

var wants = regexp.MustCompile(`-- want ([\w, -]+)`)

func (f *fixture) rules() []string {
	var out []string
	for _, w := range f.wanted() {
		_, rule, _ := strings.Cut(w, ":")
		out = append(out, rule)
	}
	return out
}

// wanted lists "LINE:RULE".
func (f *fixture) wanted() []string {
	var out []string
	for i, l := range strings.Split(f.sql, "\n") {
		if m := wants.FindStringSubmatch(l); m != nil {
			for _, r := range strings.Split(m[1], ",") {
				out = append(out, at(i+1, strings.TrimSpace(r)))
			}
		}
	}
	slices.Sort(out)
	return out
}

func at(line int, rule string) string { return fmt.Sprintf("%02d:%s", line, rule) }

func (f *fixture) run(t *testing.T, d *lint.Dialect, own string) {
	res := CheckAs(t, d, f.version, f.schema, f.file, expectation.ReplaceAllString(f.sql, ""))
	var got []string
	for _, x := range res.Findings {
		if x.Rule != timeouts || own == timeouts {
			got = append(got, at(x.Line, x.Rule))
		}
	}
	slices.Sort(got)
	got = slices.Compact(got)
	want := slices.Compact(f.wanted())
	if !slices.Equal(got, want) {
		t.Errorf("found %v, wanted %v in\n%s", got, want, f.sql)
		for _, x := range res.Findings {
			t.Logf("%d: %s %s: %s", x.Line, x.Severity, x.Rule, x.Message)
		}
	}
}
