package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// page is text for a human, wrapped to the terminal's width.
type page struct {
	buf   bytes.Buffer
	width int
	style style
}

const (
	narrowest = 60
	widest    = 120
)

func (p *program) page() *page {
	return &page{width: width(p.Stdout, p.Getenv), style: styleOf(p.Stdout, p.Getenv)}
}

func (g *page) bytes() []byte { return g.buf.Bytes() }

// line writes one line. Text among the arguments is cleaned, unless it was
// painted here.
func (g *page) line(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = clean(s)
		}
	}
	g.buf.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// gap writes an empty line.
func (g *page) gap() { g.buf.WriteByte('\n') }

// labeled writes a label and a text that is wrapped beside it.
func (g *page) labeled(indent int, label, text string) {
	if text == "" {
		return
	}
	const column = 10
	room := max(g.width-indent-column, 30)
	for i, l := range wrap(clean(text), room) {
		head := strings.Repeat(" ", column)
		if i == 0 {
			head = string(g.style.dim(pad(label, column)))
		}
		g.buf.WriteString(strings.Repeat(" ", indent) + head + l + "\n")
	}
}

// table writes rows in columns.
func (g *page) table(indent int, head []string, rows [][]string) {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range append([][]string{head}, rows...) {
		for i := range r {
			r[i] = strings.ReplaceAll(clean(r[i]), "\n", " ")
		}
		fmt.Fprintln(w, strings.Repeat(" ", indent)+strings.Join(r, "\t"))
	}
	_ = w.Flush()
	for i, l := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		l = strings.TrimRight(l, " ")
		if i == 0 {
			l = string(g.style.dim(l))
		}
		g.buf.WriteString(l + "\n")
	}
}

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(n-utf8.RuneCountInString(s), 1))
}

// wrap breaks a text at spaces. A word longer than the room stands by itself.
func wrap(s string, room int) []string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		out = append(out, wrapLine(l, room)...)
	}
	return out
}

func wrapLine(s string, room int) []string {
	var out []string
	line := ""
	for _, w := range strings.Fields(s) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > room {
			out = append(out, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return append(out, line)
}

// clean takes control characters out of text that comes from plans and servers:
// a column's name must not steer the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// terminal reports whether w is a terminal, and its width.
func terminal(w io.Writer) (int, bool) {
	if t, ok := w.(*watched); ok {
		w = t.Writer
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		columns = 100
	}
	return columns, true
}

func width(w io.Writer, getenv func(string) string) int {
	n, ok := terminal(w)
	if !ok {
		n = 100
	}
	if c, err := strconv.Atoi(getenv("COLUMNS")); err == nil {
		n = c
	}
	return min(max(n, narrowest), widest)
}

// style writes with colour, or plainly.
type style bool

func styleOf(w io.Writer, getenv func(string) string) style {
	_, tty := terminal(w)
	return style(tty && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb")
}

// painted is text that holds colours and nothing else to be afraid of.
type painted string

func (s style) paint(code, text string) painted {
	text = clean(text)
	if !s || text == "" {
		return painted(text)
	}
	return painted("\x1b[" + code + "m" + text + "\x1b[0m")
}

func (s style) bold(t string) painted   { return s.paint("1", t) }
func (s style) dim(t string) painted    { return s.paint("2", t) }
func (s style) red(t string) painted    { return s.paint("31", t) }
func (s style) green(t string) painted  { return s.paint("32", t) }
func (s style) yellow(t string) painted { return s.paint("33", t) }
func (s style) cyan(t string) painted   { return s.paint("36", t) }
