package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// algorithm is how the server carries out a clause, from the cheapest on.
type algorithm int

// The algorithms. InPlace needs no new table, Rebuild writes the table anew beside writes.
const (
	instant algorithm = iota
	inPlace
	rebuild
	copying
)

func (a algorithm) String() string {
	return [...]string{"INSTANT", "INPLACE", "INPLACE with a rebuild", "COPY"}[a]
}

// cost is what a clause does on a table in use.
type cost struct {
	rule   string // under which rule it is told
	how    algorithm
	shared bool   // writes wait: LOCK=SHARED
	why    string // what takes the time
	fails  string // it fails, and why
}

// blocks reports whether writes wait for a time that grows with the table.
func (c cost) blocks() bool { return c.shared || c.how == copying }

// cost is the cost of one clause on a table. k is nil where nothing is known of the table.
func (j *judge) cost(s *statement, c clause, k *lint.Relation) cost {
	if k != nil && k.Storage != "" && !same(k.Storage, "innodb") {
		return j.otherEngine(s, c, k)
	}
	if j.maria && c.kind == "add key" && recreated(s, c.key, k) {
		return cost{}
	}
	overlaps := overlapsKey(k) && !drops1(s, k.Options["overlaps"])
	k = withoutDropped(s, k)
	x := j.innodbCost(s, c, k)
	if j.maria && overlaps && x.fails == "" && !x.blocks() && c.kind != "rename" {
		return cost{"rebuild-table", copying, true, "a table that has a key WITHOUT OVERLAPS is copied for whatever is altered", ""}
	}
	if spatial(k) && !x.shared && x.fails == "" && (x.how == rebuild || x.how == instant && j.mixed(s, c)) {
		why := x.why
		if why == "" {
			why = "together with the other clauses this writes the table anew"
		}
		return cost{"rebuild-table", inPlace, true, why + ", and writes wait for that where the table has a SPATIAL index", ""}
	}
	if j.maria && !x.shared && x.fails == "" && addsVirtualKey(s, k) && (x.how == rebuild || x.how == instant && j.mixed(s, c)) {
		return cost{"rebuild-table", inPlace, true, "the table is written anew together with a new index on a virtual column, and writes wait for that", ""}
	}
	return x
}

// innodbCost is the cost on a table of InnoDB.
func (j *judge) innodbCost(s *statement, c clause, k *lint.Relation) cost {
	switch c.kind {
	case "add column":
		return j.addColumn(s, c, k)
	case "drop column":
		return j.dropsColumn(s, c, k)
	case "modify", "change":
		x := j.modify(s, c, k)
		if x.how != copying && x.fails == "" && indexed(s, c.name) && j.otherCharset(c, k) {
			return cost{"change-type", copying, true, "another character set together with an index on the column copies the table", ""}
		}
		return x
	case "rename column":
		if !j.maria && j.version < 80000 || j.maria && j.version < 100502 {
			return cost{rule: "not-on-this-version", fails: "RENAME COLUMN isn't known on this version"}
		}
	case "add key":
		return j.addKey(c.key, k)
	case "drop primary":
		return j.dropsPrimary(s, k)
	case "drop key", "drop constraint":
		return j.dropsKey(s, c, k)
	case "keys":
		if !j.maria && slices.ContainsFunc(s.clauses, func(o clause) bool { return o.kind != "keys" && o.kind != "rename" }) {
			return cost{"rebuild-table", copying, true, "together with anything else it copies the table", ""}
		}
	case "convert":
		return j.converts(c, k)
	case "option":
		return j.option(c, k)
	case "force":
		return j.rebuilt(k, "FORCE")
	case "order by":
		return cost{"order-by", copying, true, "ORDER BY copies the table", ""}
	case "validation":
		if c.value == "with" {
			return cost{"change-type", copying, true, "WITH VALIDATION copies the table to look at the values of virtual columns", ""}
		}
	case "alter check":
		if c.value == "enforced" && !enforced(k, c.name) {
			return cost{"add-check", copying, true, "the table is copied to verify every row", ""}
		}
	case "drop period":
		if !same(c.value, "SYSTEM_TIME") {
			return cost{}
		}
		return cost{"system-versioning", copying, true, "the table is copied", ""}
	case "add versioning", "drop versioning", "add period":
		if name, _ := readPeriod(c.value); c.kind == "add period" && c.exists && k != nil && strings.HasPrefix(k.Options["period"], name+" ") {
			return cost{}
		}
		return cost{"system-versioning", copying, true, "the table is copied", ""}
	}
	return j.partition(c, k)
}
