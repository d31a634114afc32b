package lint

import (
	"cmp"
	"slices"
	"strings"
)

// Options say how findings are weighed.
type Options struct {
	Version Version
	// Catalog is the schema before the first file. Nil: nothing is known.
	Catalog *Catalog
	Config  Config
	// Today is YYYY-MM-DD; ignores that end before it have expired.
	Today string
	// Base are fingerprints of findings that are known and accepted.
	Base map[string]bool
}

// Result is what a check found.
type Result struct {
	Findings []Finding
	// Known were left out because the baseline holds them; Ignored because a comment says so.
	Known, Ignored int
	Files          []*File
	Statements     int
}

// Check judges files in their order. Findings are sorted by file and position.
func Check(d *Dialect, files []*File, o Options) Result {
	if o.Version == 0 {
		o.Version = d.Newest
	}
	if o.Catalog == nil {
		o.Catalog = NewCatalog(d.Syntax.Backtick)
	}
	res := Result{Files: files}
	judge := d.New(o.Version, o.Catalog)
	for _, f := range files {
		found := checkFile(judge, f)
		o.Catalog.Settle()
		if f.Context {
			continue
		}
		res.Statements += len(f.Statements)
		res.add(d, f, found, &o)
	}
	return res
}

func checkFile(judge Judge, f *File) []Finding {
	var found []Finding
	judge.Begin(f)
	for _, s := range f.Statements {
		found = append(found, judgeOne(judge, s)...)
	}
	return append(found, judge.End()...)
}

// A statement over this size is data; parsing it would take seconds and memory without end.
const longest = 4 << 20

func judgeOne(judge Judge, s Statement) []Finding {
	switch {
	case s.Open:
		return []Finding{At(s, NotJudged, Error, "the file ends inside a quoted text or a comment of this statement")}
	case strings.IndexByte(s.Text, 0) >= 0:
		return []Finding{At(s, NotJudged, Error, "the statement holds a NUL byte, which no server takes")}
	case !validUTF8(s.Text):
		return []Finding{At(s, NotJudged, Error, "the statement isn't valid UTF-8")}
	case len(s.Text) > longest:
		return []Finding{At(s, NotJudged, Error, "the statement is longer than 4 MB")}
	}
	return judge.Statement(s)
}

func validUTF8(s string) bool { return strings.ToValidUTF8(s, "") == s }

// At makes a finding about a whole statement.
func At(s Statement, rule string, severity Severity, message string) Finding {
	f := Finding{Rule: rule, Severity: severity, Message: message, Statement: shorten(s.Text), Offset: s.Start, Length: len(s.Text)}
	if s.File != nil {
		f.File = s.File.Path
	}
	return f
}

// shorten keeps reports readable where a statement is data.
func shorten(s string) string {
	const most = 4000
	if len(s) <= most {
		return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
	}
	return strings.ToValidUTF8(strings.ReplaceAll(s[:most], "\x00", "\uFFFD"), "\uFFFD") + " …"
}

func (r *Result) add(d *Dialect, f *File, found []Finding, o *Options) {
	ign := readIgnores(d, f, o.Today)
	found = ign.apply(append(found, flags(d, f, o.Today)...), r)
	repeats, first := map[string]int{}, len(r.Findings)
	for _, x := range found {
		x.File = f.Path
		x.Severity = o.Config.Severity(f.Path, x.Rule, x.Severity)
		if x.Severity == Off {
			continue
		}
		key := x.Rule + "\x00" + x.Statement
		x.Repeat = repeats[key]
		repeats[key]++
		if o.Base[x.Fingerprint()] {
			r.Known++
			continue
		}
		x.Line, x.Column = f.Position(x.Offset)
		r.Findings = append(r.Findings, x)
	}
	slices.SortStableFunc(r.Findings[first:], func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(b.Severity, a.Severity))
	})
}

// Worst is the highest severity among the findings.
func (r *Result) Worst() Severity {
	worst := Off
	for _, f := range r.Findings {
		worst = max(worst, f.Severity)
	}
	return worst
}

// Count counts the findings of a severity.
func (r *Result) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}
