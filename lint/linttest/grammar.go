package linttest

import (
	"os"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/plans"
)

// Grammar runs a file of single statements, each with whether it is an error: "error|safe [@VERSION] STATEMENT". A line that
// begins with "= " is the schema for what follows; one that begins with # is a comment.
func Grammar(t *testing.T, d *lint.Dialect, name string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	schema, n := "", 0
	for l := range strings.Lines(string(b)) {
		l = strings.TrimSpace(l)
		if s, ok := strings.CutPrefix(l, "= "); ok {
			schema = s
			continue
		}
		if l == "" || l[0] == '#' {
			continue
		}
		n++
		want, sql, _ := strings.Cut(l, " ")
		version := ""
		if strings.HasPrefix(sql, "@") {
			version, sql, _ = strings.Cut(sql[1:], " ")
		}
		res := Check(t, d, version, schema, sql+";")
		for _, f := range res.Findings {
			if whole(f.Safe) {
				if again := Check(t, d, version, schema, f.Safe); f.Severity == lint.Error && (has(again, f.Rule) || has(again, lint.NotJudged)) {
					t.Errorf("%s: the safe form of %s is found, too: %v\n%s", sql, f.Rule, again.Findings[0].Message, f.Safe)
				}
			}
			if strings.HasPrefix(f.Safe, "# change.yaml") {
				if _, err := plans.ParseChange([]byte(f.Safe)); err != nil {
					t.Errorf("%s: the safe form isn't a change file: %v\n%s", sql, err, f.Safe)
				}
			}
		}
		got := "safe"
		if res.Worst() == lint.Error {
			got = "error"
		}
		if got != want || got == "error" && has(res, lint.NotJudged) {
			t.Errorf("%s: %s, wanted %s", sql, got, want)
			for _, f := range res.Findings {
				t.Logf("    %s %s: %s", f.Severity, f.Rule, f.Message)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d statements", n)
	}
}

// whole reports whether a safe form is SQL without a gap, and not one that only moves the statement to a later release.
func whole(safe string) bool {
	for _, w := range []string{"ALTER TABLE", "CREATE ", "REINDEX", "REFRESH", "DROP INDEX", "RENAME TABLE", "SET "} {
		if strings.HasPrefix(safe, w) {
			return !strings.Contains(safe, "…") && !strings.Contains(safe, "old clients")
		}
	}
	return false
}
