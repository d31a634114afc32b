package canary

import (
	"fmt"
	"math"
)

// unknownObject are the codes with which a server says that a column or a table isn't there:
// SQLSTATE 42703 and 42P01 of the standard and PostgreSQL, 42S22 and 42S02 with the numbers 1054
// and 1146 of MySQL and MariaDB. From code under a schema change one of them is proof, not a rate:
// this code doesn't fit this schema.
var unknownObject = map[string]string{
	"42703": "unknown column", "42S22": "unknown column", "1054": "unknown column",
	"42P01": "unknown table", "42S02": "unknown table", "1146": "unknown table",
}

// forbidden lists what makes the canary go back at once.
func forbidden(c Config, canary Population) []string {
	var out []string
	for _, e := range canary.Errors {
		if what, ok := unknownObject[e.Code]; ok && e.Count > 0 {
			out = append(out, fmt.Sprintf("the canary met an %s (%s) %s%s", what, e.Code, times(float64(e.Count)), message(e.Message)))
		}
	}
	for _, m := range c.Metrics {
		if n := happened(canary.Metrics[m.Name]); m.Kind == Never && m.Weight > 0 && n > 0 {
			out = append(out, fmt.Sprintf("%s: happened on the canary %s, and may never", m.Name, times(n)))
		}
	}
	return out
}

// happened adds up the events that are numbers; an extrapolated counter may show a
// fraction for one event.
func happened(s Sample) float64 {
	n := 0.0
	for _, v := range s.Events {
		if v > 0 && v <= hugest {
			n += v
		}
	}
	if n == 0 {
		return 0
	}
	return max(1, math.Round(n))
}

func times(n float64) string {
	if n == 1 {
		return "once"
	}
	return short(n) + " times"
}

func message(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

// never judges a metric of which one event is enough.
func (t *trial) never(canary Sample) {
	n := happened(canary)
	switch {
	case canary.points() == 0:
		t.missing("no data of the canary", Advice{Way: CheckQuery, Text: "a counter that never counted may not exist yet: make it zero from the start, or add `or vector(0)` to the query"})
	case n > 0:
		t.worse = "happened on the canary " + times(n) + ", and may never"
	default:
		t.well = fmt.Sprintf("none in %d points", canary.points())
	}
}
