package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Fingerprint is the digest of a canonical description. It changes when, and
// only when, a line of the description does.
type Fingerprint string

// Lines describes the table canonically: one sorted line for each column, index,
// constraint, trigger and dependent. Estimates are left out. A line begins with
// its kind and the quoted name, so that lines can be filtered and compared.
func (t *Table) Lines() []string {
	var out []string
	for i, c := range t.Columns {
		out = append(out, c.line(i))
	}
	for _, x := range t.Indexes {
		out = append(out, x.line())
	}
	for _, c := range t.Constraints {
		out = append(out, c.line())
	}
	for _, g := range t.Triggers {
		out = append(out, g.line())
	}
	for _, d := range t.Dependents {
		out = append(out, fmt.Sprintf("dependent %s %q on %s", d.Kind, d.Name, strings.Join(d.Columns, ",")))
	}
	for _, x := range t.Statistics {
		out = append(out, fmt.Sprintf("statistics %q %s", x.Name, x.Definition))
	}
	for _, p := range t.Partitions {
		out = append(out, fmt.Sprintf("partition %q of %q", p.Ident, p.Of))
	}
	for i, l := range t.Labels {
		out = append(out, fmt.Sprintf("label %q behind %q", l, strings.Join(t.Labels[max(i-1, 0):i], "")))
	}
	out = append(out, fmt.Sprintf("table %q kind=%s storage=%s partitioned=%t", t.Name, t.Kind, t.Storage, t.Partitioned))
	sort.Strings(out)
	return out
}

// Position is part of a column's meaning for positional INSERTs, but the
// server's ordinal moves when a column is added, so the order is told by the
// neighbours that stay: it is left out of the line.
func (c Column) line(int) string {
	def := "-"
	if c.Default != nil {
		def = *c.Default
	}
	return fmt.Sprintf("column %q type=%s nullable=%t default=%s generated=%s identity=%s on_update=%s collation=%s invisible=%t",
		c.Name, c.Type, c.Nullable, def, c.Generated, c.Identity, c.OnUpdate, c.Collation, c.Invisible)
}

func (x Index) line() string {
	of := ""
	if x.Of != "" {
		of = fmt.Sprintf(" of=%q", x.Of)
	}
	return fmt.Sprintf("index %q unique=%t primary=%t invalid=%t %s%s", x.Name, x.Unique, x.Primary, x.Invalid, x.Definition, of)
}

func (c Constraint) line() string {
	return fmt.Sprintf("constraint %q kind=%s incoming=%t not_valid=%t columns=%s %s", c.Name, c.Kind, c.Incoming, c.NotValid, strings.Join(c.Columns, ","), c.Definition)
}

func (g Trigger) line() string {
	return fmt.Sprintf("trigger %q %s %s %s %s", g.Name, g.Timing, g.Event, g.Enabled, digest(g.Body))
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// FingerprintLines digests a description.
func FingerprintLines(lines []string) Fingerprint {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return Fingerprint(hex.EncodeToString(sum[:]))
}

// Rest is the description without the named columns and without every object
// that touches one of them or is named in own. While a run changes those
// columns the rest must not move; if it does, it was somebody else.
func (t *Table) Rest(columns, own []string) []string {
	touched := func(names []string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(columns, n) })
	}
	r := Table{Ident: t.Ident, Kind: t.Kind, Storage: t.Storage, Partitioned: t.Partitioned}
	for _, c := range t.Columns {
		if !slices.Contains(columns, c.Name) {
			r.Columns = append(r.Columns, c)
		}
	}
	for _, x := range t.Indexes {
		if !slices.Contains(own, x.Name) && !touched(x.uses()) {
			r.Indexes = append(r.Indexes, x)
		}
	}
	for _, c := range t.Constraints {
		if !slices.Contains(own, c.Name) && !touched(c.Columns) {
			r.Constraints = append(r.Constraints, c)
		}
	}
	for _, g := range t.Triggers {
		if !slices.Contains(own, g.Name) {
			r.Triggers = append(r.Triggers, g)
		}
	}
	for _, l := range t.Labels {
		if !slices.Contains(own, l) {
			r.Labels = append(r.Labels, l)
		}
	}
	for _, d := range t.Dependents {
		if !slices.Contains(own, d.Name) && !touched(d.Columns) {
			r.Dependents = append(r.Dependents, d)
		}
	}
	for _, x := range t.Statistics {
		if !slices.Contains(own, x.Name) && !touched(x.Uses) {
			r.Statistics = append(r.Statistics, x)
		}
	}
	return r.Lines()
}

func (x Index) uses() []string {
	if len(x.Uses) > 0 {
		return x.Uses
	}
	var out []string
	for _, p := range x.Columns {
		out = append(out, p.Name)
	}
	return out
}

// Difference tells in words what was expected and isn't there ("- …") and what
// is there and wasn't expected ("+ …"). It is empty when both are equal.
func Difference(want, got []string) []string {
	var out []string
	for _, l := range want {
		if !slices.Contains(got, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			out = append(out, "+ "+l)
		}
	}
	return out
}
