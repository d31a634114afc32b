package gate

import (
	"slices"
	"strings"
)

// Use is what a statement's text shows about a column.
type Use string

// The uses.
const (
	None  Use = ""
	Names Use = "names" // it names table and column
	All   Use = "all"   // it uses all columns of the table without naming them
	Cut   Use = "cut"   // the text ends before it can be told
)

// UseOf judges a text that was cut into words: names as the server compares them, without quotes; and every other
// mark for itself. Cut tells that words may be missing at the end. A mention as NEW.c or OLD.c is a trigger's, which the
// catalog tells better.
func UseOf(words []string, table, column string, cut bool) Use {
	hasTable, hasColumn := slices.Contains(words, table), false
	for i, w := range words {
		if w == column && !(i >= 2 && words[i-1] == "." && (strings.EqualFold(words[i-2], "new") || strings.EqualFold(words[i-2], "old"))) {
			hasColumn = true
		}
	}
	switch {
	case hasTable && hasColumn:
		return Names
	case cut:
		return Cut
	case hasTable && (star(words) || insertsAll(words, table)):
		return All
	}
	return None
}

// star finds "*" where it stands for all columns, and not for a product or in count(*).
func star(words []string) bool {
	for i, w := range words {
		if w == "*" && i > 0 && slices.Contains([]string{"select", "distinct", "all", "returning", ",", "."}, strings.ToLower(words[i-1])) {
			return true
		}
	}
	return false
}

// insertsAll finds an INSERT or REPLACE that lists no columns.
func insertsAll(words []string, table string) bool {
	if len(words) == 0 || !slices.Contains([]string{"insert", "replace"}, strings.ToLower(words[0])) {
		return false
	}
	i := slices.Index(words, table)
	for i++; i < len(words); i++ {
		switch strings.ToLower(words[i]) {
		case "values", "value", "select", "table", "with", "default":
			return true
		case "(":
			return i+1 < len(words) && strings.EqualFold(words[i+1], "select")
		case "as", ".":
			i++
			continue
		}
		return false
	}
	return false
}
