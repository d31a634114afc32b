package mysql

import (
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// plain is a text as this server reads it, byte for byte in the same place: a comment that the server runs (/*!80000 … */, MariaDB's
// /*M! … */) is opened, one that is for a later version or for the other server is blanked.
func (j *judge) plain(text string) string {
	if !strings.Contains(text, "/*!") && !strings.Contains(text, "/*M!") {
		return text
	}
	b := []byte(text)
	for t, ok := Syntax.Next(text, 0); ok; t, ok = Syntax.Next(text, t.End) {
		if t.Kind != lint.Comment || t.Open || !lint.Executable(t.Text) {
			continue
		}
		open := strings.IndexByte(t.Text, '!') + 1
		digits := open
		for digits < len(t.Text) && t.Text[digits] >= '0' && t.Text[digits] <= '9' {
			digits++
		}
		if !j.runs(t.Text[:open], t.Text[open:digits]) {
			blank(b[t.Start:t.End])
			continue
		}
		blank(b[t.Start : t.Start+digits])
		blank(b[t.End-2 : t.End])
	}
	return string(b)
}

// blank leaves line ends, so that what is behind stays on its line.
func blank(b []byte) {
	for i := range b {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
}

// runs reports whether the server runs a comment that begins so. MariaDB leaves what is for MySQL 5.7 to 9.
func (j *judge) runs(mark, digits string) bool {
	if mark == "/*M!" && !j.maria {
		return false
	}
	if len(digits) < 5 {
		return true // the digits are code
	}
	n, err := strconv.Atoi(digits[:min(len(digits), 6)])
	if err != nil || j.maria && mark == "/*!" && n >= 50700 && n <= 99999 {
		return false
	}
	return lint.Version(n) <= j.version
}
