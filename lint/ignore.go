package lint

import (
	"fmt"
	"regexp"
	"strings"
)

// ignore is "-- phasemig:ignore RULE[,RULE] reason="…" [until=2027-01-31]". It stands on a line before a statement, or on
// one of the statement's own lines, and holds for that statement; "phasemig:ignore-file" holds for the whole file.
type ignore struct {
	rules  []string
	file   bool
	offset int
	length int
	bad    string
	used   bool
	from   int // statements that it holds for, by bytes
	to     int
}

var (
	ignoreMark   = regexp.MustCompile(`phasemig:ignore(-file)?\b([^\n]*)`)
	ignoreReason = regexp.MustCompile(`\breason="([^"]*)"`)
	ignoreUntil  = regexp.MustCompile(`\buntil=(\S+)`)
	day          = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
)

type ignores struct {
	list []ignore
	file *File
}

func readIgnores(d *Dialect, f *File, today string) *ignores {
	g := &ignores{file: f}
	if !strings.Contains(f.Source, "phasemig:ignore") {
		return g
	}
	for t, ok := d.Syntax.Next(f.Source, 0); ok; t, ok = d.Syntax.Next(f.Source, t.End) {
		if t.Kind != Comment {
			continue
		}
		if m := ignoreMark.FindStringSubmatch(t.Text); m != nil {
			g.list = append(g.list, parseIgnore(d, f, t, m, today))
		}
	}
	return g
}

func parseIgnore(d *Dialect, f *File, t Token, m []string, today string) ignore {
	ig := ignore{file: m[1] != "", offset: t.Start, length: len(t.Text)}
	rest := strings.TrimSuffix(m[2], "*/")
	until := ""
	if u := ignoreUntil.FindStringSubmatch(rest); u != nil {
		until = u[1]
	}
	reason := ignoreReason.FindStringSubmatch(rest)
	names, _, _ := strings.Cut(ignoreUntil.ReplaceAllString(ignoreReason.ReplaceAllString(rest, ""), ""), "=")
	ig.rules = strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' })
	switch {
	case len(ig.rules) == 0:
		ig.bad = "the ignore names no rule"
	case reason == nil || strings.TrimSpace(reason[1]) == "":
		ig.bad = `the ignore says no reason: reason="…"`
	case until != "" && !day.MatchString(until):
		ig.bad = fmt.Sprintf("until=%s is no date such as 2027-01-31", until)
	case until != "" && today != "" && until < today:
		ig.bad = "the ignore has expired on " + until
	}
	for _, r := range ig.rules {
		if _, ok := d.Rule(r); !ok && ig.bad == "" {
			ig.bad = fmt.Sprintf("there is no rule %q: phasemig lint --list", r)
		}
	}
	ig.from, ig.to = reach(f, t)
	return ig
}

// reach finds the statement that a comment belongs to: the one it stands in or behind on its line, else the next one.
func reach(f *File, t Token) (from, to int) {
	at, _ := f.Position(t.Start)
	for _, s := range f.Statements {
		first, _ := f.Position(s.Start)
		last, _ := f.Position(max(s.End-1, s.Start))
		if first <= at && at <= last || s.Start > t.Start {
			return s.Start, s.End
		}
	}
	return len(f.Source), len(f.Source)
}

func (g *ignores) apply(found []Finding, r *Result) []Finding {
	var out []Finding
	for _, x := range found {
		if g.covers(x) {
			r.Ignored++
			continue
		}
		out = append(out, x)
	}
	for _, ig := range g.list {
		s := Statement{Text: g.file.Source[ig.offset : ig.offset+ig.length], Start: ig.offset, File: g.file}
		switch {
		case ig.bad != "":
			out = append(out, At(s, badIgnore, Error, ig.bad))
		case !ig.used:
			out = append(out, At(s, unusedIgnore, Note, "the ignore ignores nothing; take it away"))
		}
	}
	return out
}

func (g *ignores) covers(x Finding) bool {
	hit := false
	for i := range g.list {
		ig := &g.list[i]
		if ig.bad != "" || !ig.file && (x.Offset < ig.from || x.Offset >= ig.to) {
			continue
		}
		for _, r := range ig.rules {
			if r == x.Rule {
				ig.used, hit = true, true
			}
		}
	}
	return hit
}
