package report

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// Explain writes a rule's page, in Markdown.
func Explain(d *lint.Dialect, r lint.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s · %s · %s\n\n%s.\n\n%s\n", r.ID, d.Name, r.Severity, r.Kind, capital(r.Summary), r.Why)
	examples(&b, "Found", r.Bad)
	examples(&b, "Not found", r.Good)
	fmt.Fprintf(&b, "\n## To ignore it for one statement\n\n```sql\n-- phasemig:ignore %s reason=\"…\" until=2027-01-31\n```\n", r.ID)
	return b.String()
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func examples(b *strings.Builder, head string, list []lint.Example) {
	fmt.Fprintf(b, "\n## %s\n", head)
	for _, e := range list {
		b.WriteString("\n```sql\n")
		if e.Version != "" {
			fmt.Fprintf(b, "-- on version %s\n", e.Version)
		}
		if e.Schema != "" {
			fmt.Fprintf(b, "-- the schema before:\n%s\n-- the file:\n", e.Schema)
		}
		b.WriteString(e.SQL + "\n```\n")
	}
}

// Index writes the page that lists a dialect's rules, in Markdown.
func Index(d *lint.Dialect) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Rules for %s\n\nWritten from the rules themselves by `go test ./cmd/internal/cli -run RuleDocs -update`; without -update the test fails when the two part ways.\n\n| rule | level | about |\n|---|---|---|\n", d.Name)
	for _, r := range d.Rules {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s |\n", r.ID, r.ID, r.Severity, r.Summary)
	}
	return b.String()
}
