package lint

import (
	"regexp"
	"strings"
)

// flagRule asks of a feature flag that a migration names to end one day.
const flagRule = "flag-without-expiry"

var (
	flagMark    = regexp.MustCompile(`phasemig:flag\b([^\n]*)`)
	flagKey     = regexp.MustCompile(`\bkey=(\S+)`)
	flagExpires = regexp.MustCompile(`\bexpires=(\S+)`)
)

// flags reads "-- phasemig:flag key=read_display_name expires=2027-01-31".
func flags(d *Dialect, f *File, today string) []Finding {
	if !strings.Contains(f.Source, "phasemig:flag") {
		return nil
	}
	var out []Finding
	for t, ok := d.Syntax.Next(f.Source, 0); ok; t, ok = d.Syntax.Next(f.Source, t.End) {
		m := flagMark.FindStringSubmatch(t.Text)
		if t.Kind != Comment || m == nil {
			continue
		}
		s := Statement{Text: t.Text, Start: t.Start, End: t.End, File: f}
		key, expires := flagKey.FindStringSubmatch(m[1]), flagExpires.FindStringSubmatch(m[1])
		switch {
		case key == nil:
			out = append(out, At(s, flagRule, Warning, "the flag has no key=…"))
		case expires == nil || !day.MatchString(expires[1]):
			out = append(out, At(s, flagRule, Warning, "the flag "+key[1]+" has no expires=2027-01-31: a flag that doesn't end is used again for something else one day"))
		case today != "" && expires[1] < today:
			out = append(out, At(s, flagRule, Warning, "the flag "+key[1]+" has expired on "+expires[1]))
		}
	}
	return out
}
