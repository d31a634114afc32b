package postgres

import (
	"slices"
	"strconv"
	"strings"
)

// widened lists types without a limit of their own that hold every value of
// another and give it back.
var widened = map[string][]string{
	"smallint": {"integer", "bigint", "numeric", "real", "double precision", "text", "character varying"},
	"integer":  {"bigint", "numeric", "double precision", "text", "character varying"},
	"bigint":   {"numeric", "text", "character varying"},
	"real":     {"double precision"},
	"numeric":  {"text", "character varying"},
	"text":     {"character varying"},
	"uuid":     {"text", "character varying"},
	"boolean":  {"text", "character varying"},
	"jsonb":    {"json"},

	"character varying": {"text"},
}

// safeCast reports that every value of one type has a place in the other and
// comes back as it was. What isn't known here is not safe: the plan then says so
// and watches each value.
func safeCast(from, to string) bool {
	fb, fm := typeParts(from)
	tb, tm := typeParts(to)
	if from == to || len(tm) == 0 && (fb == tb || slices.Contains(widened[fb], tb)) {
		return true
	}
	if fb != tb || len(fm) != len(tm) {
		return false
	}
	switch {
	case fb == "character varying" && len(fm) == 1:
		return fm[0] <= tm[0]
	case fb == "numeric" && len(fm) == 2:
		return fm[1] <= tm[1] && fm[0]-fm[1] <= tm[0]-tm[1]
	}
	return false
}

// typeParts cuts "numeric(10,2)" into its name and numbers.
func typeParts(t string) (string, []int) {
	name, rest, ok := strings.Cut(t, "(")
	if !ok || !strings.HasSuffix(rest, ")") {
		return t, nil
	}
	var out []int
	for _, p := range strings.Split(strings.TrimSuffix(rest, ")"), ",") {
		n, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil {
			return t, nil
		}
		out = append(out, n)
	}
	return name, out
}
