package mysql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// partitionState says how a clause about partitions doesn't fit the table.
func (c *call) partitionState(k *lint.Relation, x clause) string {
	if x.kind == "partition by" {
		return ""
	}
	if !k.Partitioned {
		return quoted(c.table) + " isn't partitioned"
	}
	if k.Bound == "" {
		return ""
	}
	p := readPartitioning(k.Bound)
	ranged := p.method == "RANGE" || p.method == "LIST"
	switch x.kind {
	case "remove partitioning":
	case "convert partition":
		return c.convertState(p, x)
	case "add partition":
		_, counted := addedCount(x)
		if p.method != "" && (ranged && counted || !ranged && !counted && bounds(x.value)) {
			return "a table that is partitioned by " + p.method + " gets its partitions in another way"
		}
		if takesRest(k.Bound) && slices.ContainsFunc(Syntax.Tokens(x.value), func(t lint.Token) bool { return t.Is("DEFAULT") }) {
			return "there is a DEFAULT partition already"
		}
		for _, part := range readParts(x.value) {
			if n, err := strconv.Atoi(strings.TrimPrefix(lower(part.name), "p")); !ranged && p.method != "" && len(p.parts) == 0 && err == nil && n < p.count && !x.exists && part.name[0]|0x20 == 'p' {
				return "there is a partition " + quote(part.name) + " already"
			}
			if p.subs > 0 && part.subs > 0 && part.subs != p.subs {
				return "the partition " + quote(part.name) + " has another number of subpartitions than the others"
			}
		}
		if p.find(firstName(x.value)) >= 0 && !x.exists {
			return "there is a partition " + quote(firstName(x.value)) + " already"
		}
	case "coalesce partition":
		n, _ := strconv.Atoi(strings.TrimSpace(x.value))
		if ranged {
			return "only HASH and KEY partitions can be coalesced"
		}
		if p.method != "" && n >= p.count {
			return "no partition would be left"
		}
	case "drop partition":
		return p.dropState(x)
	case "reorganize partition":
		return p.reorganizeState(x)
	case "truncate partition", "rebuild partition":
		for _, n := range values(x.value) {
			if ranged && len(p.parts) > 0 && p.find(strings.Trim(n, "`")) < 0 && !same(n, "ALL") && !p.cutAgain {
				return "there is no partition " + n
			}
		}
	case "exchange partition":
		return c.exchangeState(k, p, x)
	}
	return ""
}

// bounds: a partition is given with VALUES.
func bounds(parts string) bool {
	return slices.ContainsFunc(readParts(parts), func(x partition) bool { return x.bound != "" })
}

func firstName(parts string) string {
	if l := readParts(parts); len(l) > 0 {
		return l[0].name
	}
	return ""
}

func (p partitioning) dropState(x clause) string {
	if p.method == "HASH" || p.method == "KEY" {
		return "only RANGE and LIST partitions can be dropped"
	}
	names := strings.Split(x.value, ", ")
	for _, n := range names {
		if p.find(n) < 0 && len(p.parts) > 0 && !x.exists {
			return "there is no partition " + quote(n)
		}
	}
	if len(p.parts) > 0 && len(names) >= len(p.parts) {
		return "no partition would be left"
	}
	return ""
}

func (p partitioning) reorganizeState(x clause) string {
	if len(p.parts) == 0 {
		return ""
	}
	last := p.parts[len(p.parts)-1]
	missing, old, fresh := p.reorganize(x.value)
	if len(missing) > 0 {
		return "there is no partition " + quote(missing[0])
	}
	if len(old) == 0 || len(fresh) == 0 || p.method != "RANGE" {
		return ""
	}
	a, b := old[len(old)-1], fresh[len(fresh)-1]
	if a.less != b.less && (a.name != last.name || !increases(a.less, b.less)) {
		return "the new partitions don't reach as far as the old ones"
	}
	return ""
}

// convertState is about CONVERT PARTITION p TO TABLE t and CONVERT TABLE t TO PARTITION p.
func (c *call) convertState(p partitioning, x clause) string {
	cur := newCursor(x.name)
	id := cur.ident()
	switch {
	case cur.take("TO", "TABLE"):
		to := cur.ident()
		if o := c.relation(to); cur.err == nil && o != nil && !o.Partial && o.Schema == to.Schema {
			return "there is a table " + quoted(to) + " already"
		}
		if len(p.parts) > 0 && p.find(id.Name) < 0 {
			return "there is no partition " + quote(id.Name)
		}
	case cur.take("TO", "PARTITION"):
		if c.missing(id) {
			return "there is no table " + quoted(id)
		}
		if name := cur.called(); cur.err == nil && p.find(name) >= 0 {
			return "there is a partition " + quote(name) + " already"
		}
	}
	return ""
}

// exchangeState looks at the table that is exchanged for a partition.
func (c *call) exchangeState(k *lint.Relation, p partitioning, x clause) string {
	cur := newCursor(x.value)
	name := cur.name()
	if !cur.take("WITH", "TABLE") {
		return ""
	}
	id := cur.ident()
	if cur.err != nil {
		return ""
	}
	if c.missing(id) {
		return "there is no table " + quoted(id)
	}
	if len(p.parts) > 0 && p.find(name) < 0 {
		return "there is no partition " + quote(name)
	}
	o := c.relation(id)
	switch {
	case !whole(o):
		return ""
	case o.Partitioned:
		return quoted(id) + " is partitioned itself"
	case !alike(k, o):
		return quoted(id) + " and " + quoted(c.table) + " have different definitions"
	}
	return ""
}

func sameTypes(a, b string) bool {
	x, ok := parseType(a)
	y, ok2 := parseType(b)
	return !ok || !ok2 || sameType(x, y)
}

// alike compares what EXCHANGE PARTITION compares: columns and keys.
func alike(a, b *lint.Relation) bool {
	if len(a.Columns) != len(b.Columns) || len(a.Indexes) != len(b.Indexes) {
		return false
	}
	for i := range a.Columns {
		x, y := a.Columns[i], b.Columns[i]
		if !same(x.Name, y.Name) || !sameTypes(x.Type, y.Type) || x.Nullable != y.Nullable || x.Charset != y.Charset && x.Charset != "" && y.Charset != "" {
			return false
		}
	}
	for _, x := range a.Indexes {
		if y := b.FindIndex(x.Name); y == nil || len(y.Columns) != len(x.Columns) || y.Unique != x.Unique {
			return false
		}
	}
	for _, q := range b.Constraints {
		if q.Kind == schema.ForeignKey && !q.Incoming {
			return false
		}
	}
	return true
}
