package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
	eastasian "golang.org/x/text/width"
)

// screen is the lower end of a terminal, on which a few lines are drawn over and over.
// It sets no mode of the terminal and doesn't hide the cursor, so that a process that is killed leaves
// nothing behind but the lines.
type screen struct {
	out     io.Writer
	size    func() (columns, rows int)
	drawn   []string // what stands there
	columns int      // of the terminal when it was drawn
}

// roomiest is the widest view: longer lines are harder to read than wrapped ones.
const roomiest = 140

// room is how many columns and lines a view may take. The last column stays free: some terminals wrap
// when it is written.
func (s *screen) room() (columns, lines int) {
	c, r := s.size()
	return min(max(c-1, 1), roomiest), max(r-1, 1)
}

// draw puts lines where the last ones stand. They must not be wider than room.
func (s *screen) draw(lines []string) {
	columns, most := s.room()
	if len(lines) > most {
		lines = lines[:most]
	}
	_, _ = io.WriteString(s.out, s.back()+strings.Join(lines, "\x1b[K\n")+"\x1b[K\x1b[J")
	s.drawn, s.columns = lines, columns
}

// above writes a text that stays, over the view, which is drawn again below it.
func (s *screen) above(text string, lines []string) {
	_, _ = io.WriteString(s.out, s.back()+"\x1b[J"+text)
	s.drawn = nil
	s.draw(lines)
}

// clear takes the view off.
func (s *screen) clear() {
	if s.drawn != nil {
		_, _ = io.WriteString(s.out, s.back()+"\x1b[J")
		s.drawn = nil
	}
}

// back moves to the first column of the view's first line. Where the terminal has become
// narrower since, lines that were drawn before take more than one by now.
func (s *screen) back() string {
	if s.drawn == nil {
		return ""
	}
	columns, _ := s.size()
	up := len(s.drawn) - 1
	for _, l := range s.drawn {
		if w := cells(l); columns > 0 && w > columns {
			up += (w - 1) / columns
		}
	}
	if up == 0 {
		return "\r"
	}
	return fmt.Sprintf("\r\x1b[%dA", up)
}

// terminalSize asks the terminal each time: it may have been resized.
func terminalSize(w io.Writer) func() (int, int) {
	if t, ok := w.(*watched); ok {
		w = t.Writer
	}
	return func() (int, int) {
		if f, ok := w.(*os.File); ok {
			if c, r, err := term.GetSize(int(f.Fd())); err == nil && c > 0 && r > 0 {
				return c, r
			}
		}
		return 80, 24
	}
}

// cells is how many columns a painted text takes on a terminal.
func cells(s string) int {
	n, escape := 0, false
	for _, r := range s {
		switch {
		case escape:
			escape = r != 'm'
		case r == '\x1b':
			escape = true
		default:
			n += columnsOf(r)
		}
	}
	return n
}

// columnsOf is how many columns one character takes: two for those of East Asia, none for an accent.
func columnsOf(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch eastasian.LookupRune(r).Kind() {
	case eastasian.EastAsianWide, eastasian.EastAsianFullwidth:
		return 2
	}
	return 1
}

// fit cuts a text to so many columns.
func fit(s string, room int) string {
	if cells(s) <= room {
		return s
	}
	if room < 1 {
		return ""
	}
	var b strings.Builder
	for _, r := range s {
		if room -= columnsOf(r); room < 1 {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}
