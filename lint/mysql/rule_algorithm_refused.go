package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

var algorithmRefused = rule{lint.Rule{
	ID: "algorithm-refused", Severity: lint.Error, Kind: lint.Fails,
	Summary: "ALGORITHM or LOCK asks for what the server can't do for this change",
	Why:     "The server refuses (1845, 1846): nothing is blocked, and nothing is done. ALGORITHM=INSTANT takes no LOCK beside it.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ADD INDEX (a), ALGORITHM=INSTANT;"}, {SQL: "ALTER TABLE t ADD FULLTEXT INDEX (v), LOCK=NONE;"}, {SQL: "ALTER TABLE t DROP PRIMARY KEY, ALGORITHM=INPLACE;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN c int, ALGORITHM=INSTANT;"}, {SQL: "ALTER TABLE t ADD INDEX (a), ALGORITHM=INPLACE, LOCK=NONE;"}},
}, func(c *call) {
	if why := c.refused(); why != "" {
		c.report(said{message: "this fails: " + why, safe: "Ask for what the server can do, or take the safe way of the change itself."})
	}
}}

// refused says why the server would refuse ALGORITHM or LOCK.
func (c *call) refused() string {
	if !c.altered() || c.algorithm == "" && c.lock == "" {
		return ""
	}
	for _, x := range c.clauses {
		switch x.kind {
		case "rename", "add partition", "drop partition", "truncate partition", "exchange partition", "partition by":
			return "" // the words mean little there
		}
	}
	w := c.worst()
	if w.fails != "" {
		return ""
	}
	needs := w.how
	for _, x := range c.clauses {
		if x.kind == "drop key" || !c.maria && (x.kind == "rename key" || x.kind == "alter key" || x.kind == "drop foreign" || x.kind == "option") {
			needs = max(needs, inPlace)
		}
		if was := c.relation(c.table).Column(x.name); !c.maria && was != nil && (x.kind == "modify" || x.kind == "change") && strings.HasPrefix(x.column.typ.name, "var") && !same(was.Type, x.column.typ.String()) {
			needs = max(needs, inPlace)
		}
	}
	switch {
	case c.algorithm == "INSTANT" && needs > instant:
		return "ALGORITHM=INSTANT isn't possible: " + reason(w)
	case c.algorithm == "INSTANT" && !c.maria && c.lock != "" && c.lock != "DEFAULT":
		return "ALGORITHM=INSTANT takes no LOCK beside it"
	case c.algorithm == "NOCOPY" && needs > inPlace, c.algorithm == "INPLACE" && needs == copying:
		return "ALGORITHM=" + c.algorithm + " isn't possible: " + reason(w)
	case c.lock == "NONE" && w.blocks() && !c.onlineCopy(w):
		return "LOCK=NONE isn't possible: " + reason(w)
	case c.lock == "NONE" && c.algorithm == "COPY" && !(c.maria && c.version >= 110200):
		return "LOCK=NONE isn't possible: a copy lets no write through"
	}
	return ""
}

func reason(w cost) string {
	if w.why == "" {
		return "the change is done in place"
	}
	return w.why
}
