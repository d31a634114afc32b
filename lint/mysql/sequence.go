package mysql

import (
	"math"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// sequenceOptions are the numbers of a sequence, as its definition gives them.
type sequenceOptions struct{ low, high, start, step, cache float64 }

// readSequence reads a definition over the one before: ALTER SEQUENCE keeps what it doesn't name.
func readSequence(definition, change string) sequenceOptions {
	o := sequenceOptions{low: math.NaN(), high: math.NaN(), start: math.NaN(), step: 1, cache: 1000}
	for _, text := range []string{definition, change} {
		t := Syntax.Tokens(text)
		for i := range t {
			into := o.named(t[i])
			if into == nil || i > 0 && t[i-1].Is("NO") {
				continue
			}
			if n, given := numberBehind(t, i); given {
				*into = n
			}
		}
	}
	return o.filled()
}

// named is the number that a word stands in front of.
func (o *sequenceOptions) named(t lint.Token) *float64 {
	switch {
	case t.Is("MINVALUE"):
		return &o.low
	case t.Is("MAXVALUE"):
		return &o.high
	case t.Is("START"):
		return &o.start
	case t.Is("INCREMENT"):
		return &o.step
	case t.Is("CACHE"):
		return &o.cache
	}
	return nil
}

// filled has the defaults of what wasn't named.
func (o sequenceOptions) filled() sequenceOptions {
	or := func(n *float64, up, down float64) {
		if math.IsNaN(*n) && o.step < 0 {
			*n = down
		} else if math.IsNaN(*n) {
			*n = up
		}
	}
	or(&o.low, 1, math.MinInt64+1)
	or(&o.high, math.MaxInt64-1, -1)
	or(&o.start, o.low, o.high)
	return o
}

// sequenceFaults says why MariaDB takes no such sequence.
func (c *call) sequenceFaults() []string {
	if !c.maria {
		return nil
	}
	k := c.relation(c.table)
	was, change := "", c.body
	switch {
	case c.verb == "CREATE SEQUENCE" && k != nil && !k.Partial && k.Schema == c.table.Schema && !c.ifNotExists && !c.replace && !c.temporary:
		return []string{"there is a " + k.Kind + " " + quoted(c.table) + " already"}
	case c.verb == "CREATE SEQUENCE" && k != nil && c.ifNotExists:
		return nil
	case c.verb == "ALTER SEQUENCE" && (k == nil || k.Kind != "sequence"):
		return nil
	case c.verb == "ALTER SEQUENCE":
		was = k.Options["definition"]
	}
	if t := Syntax.Tokens(change); len(t) > 0 && t[0].Is("AS") && c.version < 110500 {
		return []string{"a sequence has no type on this version"}
	}
	switch o := readSequence(was, change); {
	case o.low >= o.high:
		return []string{"MINVALUE of the sequence isn't below its MAXVALUE"}
	case o.start < o.low || o.start > o.high:
		return []string{"the sequence starts outside of MINVALUE and MAXVALUE"}
	case o.cache < 0:
		return []string{"CACHE of a sequence isn't negative"}
	}
	return nil
}

// unknownSequence is a sequence that a statement takes a number from and that isn't there.
func (c *call) unknownSequence() string {
	if !c.maria || c.depth > 0 {
		return ""
	}
	t := Syntax.Tokens(c.s.Text)
	for i := range t {
		if id, ok := sequenceAt(t, i); ok && c.missing(id) {
			return "there is no sequence " + quoted(id)
		}
	}
	return ""
}

// sequenceAt reads NEXTVAL(s), LASTVAL(s), SETVAL(s, n), NEXT VALUE FOR s and PREVIOUS VALUE FOR s.
func sequenceAt(t []lint.Token, i int) (schema.Ident, bool) {
	at := 0
	switch {
	case (t[i].Is("NEXTVAL") || t[i].Is("LASTVAL") || t[i].Is("SETVAL")) && i+3 < len(t) && t[i+1].Is("("):
		at = i + 2
	case (t[i].Is("NEXT") || t[i].Is("PREVIOUS")) && i+3 < len(t) && t[i+1].Is("VALUE") && t[i+2].Is("FOR"):
		at = i + 3
	default:
		return schema.Ident{}, false
	}
	if i > 0 && t[i-1].Is(".") || t[at].Kind != lint.Word && t[at].Kind != lint.Quoted || at+1 < len(t) && t[at+1].Is(".") {
		return schema.Ident{}, false
	}
	return schema.Ident{Name: t[at].Value()}, true
}
