package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// alteration is what the clauses of an ALTER TABLE do to columns, as far as it
// decides which columns of both shapes are the same. The clauses themselves are never
// written anew.
type alteration struct {
	renamed map[string]string // lower-case old name → new name
	dropped map[string]bool   // lower case
	added   map[string]bool   // lower case
	keysOff []string          // foreign keys dropped
	// constraintsOff are dropped by DROP CHECK or DROP CONSTRAINT, which may be of any kind.
	constraintsOff []string
	clauses        int
}

// readAlter reads the clauses behind ALTER TABLE t. It refuses what decides how
// the server works instead of what the table becomes.
func readAlter(sql string) (alteration, error) {
	a := alteration{renamed: map[string]string{}, dropped: map[string]bool{}, added: map[string]bool{}}
	list := tokens(sql)
	if len(list) == 0 {
		return a, fmt.Errorf("nothing stands behind ALTER TABLE")
	}
	if slices.ContainsFunc(list, func(t token) bool { return t.text == ";" }) {
		return a, fmt.Errorf("more than one statement: give one ALTER TABLE")
	}
	for _, c := range split(list) {
		a.clauses++
		if err := a.clause(c); err != nil {
			return a, err
		}
	}
	return a, nil
}

// own are clauses that would take the decision how the change is done out of
// phasemig's hands, or are no change of the table at all.
var own = [][]string{{"ALGORITHM"}, {"LOCK"}, {"RENAME", "TO"}, {"RENAME", "AS"}, {"DISCARD"}, {"IMPORT"}, {"WAIT"}, {"NOWAIT"}, {"DISABLE", "KEYS"}, {"ENABLE", "KEYS"}}

// parted are clauses that move rows between partitions or away; a copy would hold
// the rows again.
var parted = [][]string{{"TRUNCATE", "PARTITION"}, {"DROP", "PARTITION"}, {"EXCHANGE"}, {"REORGANIZE"}, {"COALESCE"}, {"REBUILD"}, {"ANALYZE"}, {"CHECK", "PARTITION"}, {"OPTIMIZE"}, {"REPAIR"}, {"ADD", "PARTITION"}, {"CONVERT", "PARTITION"}, {"CONVERT", "TABLE"}}

// strange are clauses that take rows from another table, or make one: on the empty copy, which is dropped, they would do that, too.
var strange = [][]string{{"EXCHANGE", "PARTITION"}, {"CONVERT", "PARTITION"}, {"CONVERT", "TABLE"}}

func (a *alteration) clause(c []token) error {
	for _, w := range strange {
		if words(c, w...) {
			return fmt.Errorf("%s: it is about the rows of another table, too, and can't be tried on an empty copy: run it by itself, which takes a moment", strings.Join(w, " "))
		}
	}
	for _, w := range own {
		if words(c, w...) {
			return fmt.Errorf("%s: phasemig decides how the change is done; leave the clause out", strings.Join(w, " "))
		}
	}
	switch {
	case words(c, "RENAME", "COLUMN"):
		a.rename(c[2:], true)
	case words(c, "RENAME") && !words(c, "RENAME", "INDEX") && !words(c, "RENAME", "KEY"):
		return fmt.Errorf("RENAME: a table is given another name by a change of its own")
	case words(c, "CHANGE", "COLUMN"):
		a.rename(c[2:], false)
	case words(c, "CHANGE"):
		a.rename(c[1:], false)
	case words(c, "DROP", "FOREIGN", "KEY"):
		a.keysOff = append(a.keysOff, name(skipIf(c[3:])))
	case words(c, "DROP", "CHECK"), words(c, "DROP", "CONSTRAINT"):
		a.constraintsOff = append(a.constraintsOff, name(skipIf(c[2:])))
	case words(c, "DROP"):
		a.drop(c[1:])
	case words(c, "ADD"):
		a.add(c[1:])
	}
	return nil
}

func (a *alteration) rename(c []token, to bool) {
	c = skipIf(c)
	if to && len(c) > 2 {
		a.renamed[strings.ToLower(name(c))] = name(c[2:])
	} else if !to && len(c) > 1 {
		a.renamed[strings.ToLower(name(c))] = name(c[1:])
	}
}

var notColumns = []string{"INDEX", "KEY", "PRIMARY", "FOREIGN", "CHECK", "CONSTRAINT", "PARTITION", "UNIQUE", "FULLTEXT", "SPATIAL", "PERIOD", "SYSTEM"}

func (a *alteration) drop(c []token) {
	if words(c, "COLUMN") {
		c = c[1:]
	} else if len(c) > 0 && slices.ContainsFunc(notColumns, func(w string) bool { return words(c, w) }) {
		return
	}
	a.dropped[strings.ToLower(name(skipIf(c)))] = true
}

func (a *alteration) add(c []token) {
	if words(c, "COLUMN") {
		c = c[1:]
	} else if len(c) > 0 && slices.ContainsFunc(notColumns, func(w string) bool { return words(c, w) }) {
		return
	}
	c = skipIf(c)
	if !words(c, "(") {
		a.added[strings.ToLower(name(c))] = true
		return
	}
	for _, def := range split(c[1 : group(c)-1]) {
		a.added[strings.ToLower(name(def))] = true
	}
}

// skipIf takes IF EXISTS and IF NOT EXISTS off.
func skipIf(c []token) []token {
	if words(c, "IF", "EXISTS") {
		return c[2:]
	}
	if words(c, "IF", "NOT", "EXISTS") {
		return c[3:]
	}
	return c
}

// name reads the identifier at the start of list.
func name(c []token) string {
	if len(c) == 0 {
		return ""
	}
	if strings.HasPrefix(c[0].text, "`") || strings.HasPrefix(c[0].text, `"`) {
		return unquote(c[0].text)
	}
	return c[0].text
}

// movesPartitions finds a clause that is about partitions' rows.
func movesPartitions(sql string) bool {
	return slices.ContainsFunc(split(tokens(sql)), func(c []token) bool {
		return slices.ContainsFunc(parted, func(w []string) bool { return words(c, w...) })
	})
}

// copied lists the columns that both shapes have.
func (a alteration) copied(from, to *schema.Table) ([]plans.Copied, error) {
	var out []plans.Copied
	for _, c := range from.Columns {
		low := strings.ToLower(c.Name)
		into, moved := a.renamed[low]
		if !moved {
			into = c.Name
		}
		if a.dropped[low] || !moved && a.added[low] {
			continue
		}
		k, ok := anyCase(to, into)
		if !ok {
			return nil, fmt.Errorf("column %s has no place in the new table, and no clause says so", c.Name)
		}
		if k.Generated != "" {
			continue
		}
		if c.Generated != "" {
			return nil, fmt.Errorf("column %s is generated and becomes a plain one: the server's log doesn't hold its values", c.Name)
		}
		out = append(out, plans.Copied{From: c.Name, To: k.Name})
	}
	return out, nil
}

// anyCase finds a column in any case, as the server does.
func anyCase(t *schema.Table, name string) (schema.Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c schema.Column) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		return schema.Column{}, false
	}
	return t.Columns[i], true
}
