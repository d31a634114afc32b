package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/phasemig/phasemig/lint"
)

// Writer writes one form of report.
type Writer func(w io.Writer, d *lint.Dialect, r *lint.Result) error

// forms are the reports by name, but for text, which also depends on the terminal.
var forms = []struct {
	name  string
	write Writer
}{
	{"json", JSON}, {"sarif", SARIF}, {"github", GitHub}, {"gitlab", GitLab}, {"junit", JUnit},
}

// Names lists the forms, text first.
func Names() []string {
	out := []string{"text"}
	for _, f := range forms {
		out = append(out, f.name)
	}
	return out
}

// By finds a form by its name; nil for text and for what there isn't.
func By(name string) Writer {
	i := slices.IndexFunc(forms, func(f struct {
		name  string
		write Writer
	}) bool {
		return f.name == name
	})
	if i < 0 {
		return nil
	}
	return forms[i].write
}

// JSON writes {"findings": [...], …}.
func JSON(w io.Writer, d *lint.Dialect, r *lint.Result) error {
	findings := r.Findings
	if findings == nil {
		findings = []lint.Finding{}
	}
	return encode(w, map[string]any{
		"dialect": d.Name, "files": len(judged(r)), "statements": r.Statements, "findings": findings,
		"errors": r.Count(lint.Error), "warnings": r.Count(lint.Warning), "notes": r.Count(lint.Note), "ignored": r.Ignored, "baselined": r.Known,
	})
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func judged(r *lint.Result) []*lint.File {
	return slices.DeleteFunc(slices.Clone(r.Files), func(f *lint.File) bool { return f.Context })
}

// Total says how much was found, in words.
func Total(r *lint.Result) string {
	files := len(judged(r))
	s := fmt.Sprintf("%s, %s, %s in %s of %s", count(r.Count(lint.Error), "error"), count(r.Count(lint.Warning), "warning"), count(r.Count(lint.Note), "note"),
		count(r.Statements, "statement"), count(files, "file"))
	if r.Ignored > 0 {
		s += fmt.Sprintf("; %d ignored", r.Ignored)
	}
	if r.Known > 0 {
		s += fmt.Sprintf("; %d in the baseline", r.Known)
	}
	return s
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
