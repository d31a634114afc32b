package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// GitHub writes workflow commands, which GitHub shows as annotations at the lines of a pull request.
func GitHub(w io.Writer, _ *lint.Dialect, r *lint.Result) error {
	var b strings.Builder
	files := byPath(r)
	for _, x := range r.Findings {
		level := map[lint.Severity]string{lint.Error: "error", lint.Warning: "warning", lint.Note: "notice"}[x.Severity]
		text := x.Message
		if x.Lock != "" {
			text += "\nlock: " + x.Lock
		}
		if x.Safe != "" {
			text += "\nsafe:\n" + x.Safe
		}
		fmt.Fprintf(&b, "::%s file=%s,line=%d,endLine=%d,col=%d,title=%s::%s\n", level, property(x.File), x.Line, lastLine(files, x), x.Column, property(x.Rule), data(text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary writes the summary of a GitHub step: Markdown.
func Summary(w io.Writer, d *lint.Dialect, r *lint.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### phasemig lint (%s)\n\n%s\n", d.Name, Total(r))
	if len(r.Findings) > 0 {
		b.WriteString("\n| | where | rule | what |\n|---|---|---|---|\n")
	}
	for _, x := range r.Findings {
		fmt.Fprintf(&b, "| %s | `%s:%d` | `%s` | %s |\n", x.Severity, cell(x.File), x.Line, x.Rule, cell(x.Message))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;").Replace(clean(s))
}

// Annotation is one workflow command that shows a text at a step: level is error, warning or notice.
func Annotation(level, title, text string) string {
	return fmt.Sprintf("::%s title=%s::%s\n", level, property(title), data(text))
}

// data and property escape as GitHub's own toolkit does.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

func byPath(r *lint.Result) map[string]*lint.File {
	out := map[string]*lint.File{}
	for _, f := range r.Files {
		out[f.Path] = f
	}
	return out
}

func lastLine(files map[string]*lint.File, x lint.Finding) int {
	f := files[x.File]
	if f == nil {
		return x.Line
	}
	n, _ := f.Position(x.Offset + max(x.Length-1, 0))
	return max(n, x.Line)
}
