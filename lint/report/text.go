package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/phasemig/phasemig/lint"
)

// Text writes findings with an excerpt of the file, for a person. With color, for a terminal.
func Text(w io.Writer, r *lint.Result, color bool) error {
	p := painter(color)
	files := map[string]*lint.File{}
	for _, f := range r.Files {
		files[f.Path] = f
	}
	var b strings.Builder
	for _, f := range r.Findings {
		p.finding(&b, f, files[f.File])
	}
	fmt.Fprintln(&b, Total(r))
	_, err := io.WriteString(w, b.String())
	return err
}

type painter bool

func (p painter) paint(code, s string) string {
	if !p {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p painter) severity(s lint.Severity) string {
	switch s {
	case lint.Error:
		return p.paint("1;31", s.String())
	case lint.Warning:
		return p.paint("33", s.String())
	}
	return p.paint("36", s.String())
}

func (p painter) finding(b *strings.Builder, x lint.Finding, f *lint.File) {
	fmt.Fprintf(b, "%s %s\n", p.paint("1", fmt.Sprintf("%s:%d:%d:", clean(x.File), x.Line, x.Column)), p.severity(x.Severity)+" "+p.paint("1", "["+x.Rule+"]"))
	fmt.Fprintf(b, "  %s\n", clean(x.Message))
	if f != nil {
		p.excerpt(b, x, f)
	}
	if x.Lock != "" {
		fmt.Fprintf(b, "  %s %s\n", p.paint("2", "lock:"), clean(x.Lock))
	}
	if x.Safe != "" {
		fmt.Fprintf(b, "  %s\n", p.paint("2", "safe:"))
		for _, l := range strings.Split(x.Safe, "\n") {
			fmt.Fprintf(b, "    %s\n", p.paint("32", clean(l)))
		}
	}
	b.WriteByte('\n')
}

// The excerpt shows at most this many lines of a statement, each cut at this many characters.
const (
	excerptLines = 4
	excerptWidth = 160
)

func (p painter) excerpt(b *strings.Builder, x lint.Finding, f *lint.File) {
	last, _ := f.Position(x.Offset + max(x.Length-1, 0))
	for n := x.Line; n <= min(last, x.Line+excerptLines-1); n++ {
		l := []rune(clean(f.Line(n)))
		if len(l) > excerptWidth {
			l = append(l[:excerptWidth], '…')
		}
		fmt.Fprintf(b, "  %s %s\n", p.paint("2", fmt.Sprintf("%5d |", n)), string(l))
		if n == x.Line {
			width := min(max(x.Length, 1), max(len(l)-x.Column+1, 1))
			fmt.Fprintf(b, "  %s %s\n", p.paint("2", "      |"), strings.Repeat(" ", max(x.Column-1, 0))+p.paint("31", "^"+strings.Repeat("~", max(width-1, 0))))
		}
	}
	if last > x.Line+excerptLines-1 {
		fmt.Fprintf(b, "  %s\n", p.paint("2", "      | …"))
	}
}

// clean takes control characters out of text that comes from files: it must not steer the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r):
			return '\uFFFD'
		}
		return r
	}, s)
}
