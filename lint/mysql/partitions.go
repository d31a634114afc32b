package mysql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// partitioning is what PARTITION BY says, as far as it can be read.
type partitioning struct {
	method  string // "RANGE", "LIST", "HASH", "KEY"; "" if it can't be read
	columns bool   // RANGE COLUMNS, LIST COLUMNS
	key     string // the text in parentheses
	count   int    // of HASH and KEY
	told    int    // PARTITIONS n
	subs    int    // SUBPARTITIONS n
	// cutAgain: the partitions have subpartitions.
	cutAgain bool
	parts    []partition
	head     string // the text in front of the partitions
}

// partition is one partition of a RANGE or LIST table.
type partition struct {
	name  string
	less  string   // VALUES LESS THAN, "MAXVALUE" or an expression
	in    []string // VALUES IN
	bound string   // "less", "in", "rest" or ""
	subs  int      // subpartitions that are given
}

// readPartitioning reads "HASH (a) PARTITIONS 4" and "RANGE (a) (PARTITION p VALUES LESS THAN (1), …)".
func readPartitioning(text string) partitioning {
	c := newCursor(text)
	p := partitioning{}
	c.take("LINEAR")
	p.method = c.any("RANGE", "LIST", "HASH", "KEY")
	if p.method == "" {
		return p
	}
	p.columns = c.take("COLUMNS")
	if c.take("ALGORITHM") {
		c.take("=")
		c.skip()
	}
	p.key = c.parens()
	p.count = 1
	if c.take("PARTITIONS") {
		p.count, _ = strconv.Atoi(c.peek(0).Text)
		p.told = p.count
		c.skip()
	}
	p.head = text
	for !c.done() && !c.at("(") {
		if c.take("SUBPARTITION", "BY") {
			c.take("LINEAR")
			c.skip()
			c.parens()
			p.cutAgain = true
			if c.take("SUBPARTITIONS") {
				p.subs, _ = strconv.Atoi(c.peek(0).Text)
				c.skip()
			}
			continue
		}
		c.skip()
	}
	if c.at("(") {
		p.head = strings.TrimSpace(text[:c.peek(0).Start])
		p.parts = readParts(c.parens())
		if p.method == "HASH" || p.method == "KEY" {
			p.count = len(p.parts)
		}
	}
	if c.err != nil {
		return partitioning{}
	}
	return p
}

func readParts(text string) []partition {
	c := newCursor(text)
	var out []partition
	for !c.done() {
		c.want("PARTITION")
		c.take("IF", "NOT", "EXISTS")
		x := partition{name: c.name()}
		switch {
		case c.take("VALUES", "LESS", "THAN"):
			x.bound = "less"
			if c.take("MAXVALUE") {
				x.less = "MAXVALUE"
			} else {
				x.less = c.parens()
			}
		case c.take("VALUES", "IN"):
			x.bound, x.in = "in", values(c.parens())
			for _, v := range x.in {
				if same(v, "DEFAULT") {
					x.bound = "rest"
				}
			}
		case c.take("DEFAULT"), c.take("VALUES", "DEFAULT"):
			x.bound = "rest"
		}
		rest := newCursor(c.item())
		for !rest.done() && !rest.at("(") {
			rest.skip()
		}
		if rest.at("(") {
			x.subs = len(values(rest.parens()))
		}
		out = append(out, x)
		if !c.take(",") {
			break
		}
	}
	if c.err != nil {
		return nil
	}
	return out
}

// takesRest: one of the partitions of a LIST takes what no other one does.
func takesRest(bound string) bool {
	for _, x := range readPartitioning(bound).parts {
		if x.bound == "rest" {
			return true
		}
	}
	return false
}

// values cuts a list at its commas.
func values(text string) []string {
	c := newCursor(text)
	var out []string
	for !c.done() {
		out = append(out, strings.TrimSpace(c.item()))
		if !c.take(",") {
			break
		}
	}
	return out
}

// text writes the partitioning again.
func (p partitioning) text() string {
	if p.method == "HASH" || p.method == "KEY" {
		return p.method + " (" + p.key + ") PARTITIONS " + strconv.Itoa(p.count)
	}
	var out []string
	for _, x := range p.parts {
		s := "PARTITION " + "`" + x.name + "`"
		switch {
		case x.bound == "less" && x.less == "MAXVALUE":
			s += " VALUES LESS THAN MAXVALUE"
		case x.bound == "less":
			s += " VALUES LESS THAN (" + x.less + ")"
		case x.bound == "in":
			s += " VALUES IN (" + strings.Join(x.in, ", ") + ")"
		case x.bound == "rest":
			s += " DEFAULT"
		}
		out = append(out, s)
	}
	return p.head + " (" + strings.Join(out, ", ") + ")"
}

func (p partitioning) find(name string) int {
	for i, x := range p.parts {
		if same(x.name, name) {
			return i
		}
	}
	return -1
}

// partitionsAfter is the text behind a clause.
func partitionsAfter(bound string, c clause) string {
	p := readPartitioning(bound)
	if p.method == "" {
		return bound
	}
	switch c.kind {
	case "add partition":
		if n, ok := addedCount(c); ok {
			p.count += n
		} else if p.method == "HASH" || p.method == "KEY" {
			p.count += len(readParts(c.value))
		} else {
			for _, x := range readParts(c.value) {
				if !c.exists || p.find(x.name) < 0 {
					p.parts = append(p.parts, x)
				}
			}
		}
	case "coalesce partition":
		n, _ := strconv.Atoi(strings.TrimSpace(c.value))
		p.count -= n
	case "drop partition":
		for _, n := range strings.Split(c.value, ", ") {
			if i := p.find(n); i >= 0 {
				p.parts = append(p.parts[:i:i], p.parts[i+1:]...)
			}
		}
	case "reorganize partition":
		p.reorganize(c.value)
	}
	return p.text()
}

// addedCount reads ADD PARTITION PARTITIONS n.
func addedCount(c clause) (int, bool) {
	t := Syntax.Tokens(c.text)
	for i := range t {
		if t[i].Is("PARTITIONS") && i+1 < len(t) {
			n, err := strconv.Atoi(t[i+1].Text)
			return n, err == nil
		}
	}
	return 0, false
}

// reorganize exchanges partitions for others. It returns the names that aren't there.
func (p *partitioning) reorganize(text string) (missing []string, old, fresh []partition) {
	c := newCursor(text)
	at := -1
	for !c.done() && !c.take("INTO") {
		n := c.name()
		if i := p.find(n); i >= 0 {
			old = append(old, p.parts[i])
			p.parts = append(p.parts[:i:i], p.parts[i+1:]...)
			if at < 0 {
				at = i
			}
		} else {
			missing = append(missing, n)
		}
		c.take(",")
	}
	if c.at("(") {
		fresh = readParts(c.parens())
	}
	if at < 0 {
		at = len(p.parts)
	}
	p.parts = append(p.parts[:at:at], append(fresh, p.parts[at:]...)...)
	return missing, old, fresh
}

// partitioning looks at how a table is cut.
func (d *definition) partitioning() {
	if d.k.Bound == "" || !d.k.Partitioned {
		return
	}
	p := readPartitioning(d.k.Bound)
	if p.method == "" {
		return
	}
	d.partitionKey(p)
	d.partitionList(p)
	for _, c := range d.k.Columns {
		if t, ok := parseType(c.Type); ok && t.geometry() && !d.maria {
			d.fault("a partitioned table can't hold a geometry such as %s", quote(c.Name))
		}
	}
	if p.count < 1 {
		d.fault("a table has at least one partition")
	}
	if p.count > 8192 || len(p.parts) > 8192 {
		d.fault("a table has at most 8192 partitions")
	}
	for _, q := range d.k.Constraints {
		if q.Kind == "foreign_key" {
			d.fault("a partitioned table has no foreign keys")
		}
	}
}

// cutFaults are about PARTITION BY as it is written.
func (c *call) cutFaults() []string {
	var out []string
	if c.partitioned == "" {
		return nil
	}
	if p := readPartitioning(afterBy(c.partitioned)); p.told > 0 && len(p.parts) > 0 && p.told != len(p.parts) {
		out = append(out, fmt.Sprintf("PARTITIONS says %d, and %d are given", p.told, len(p.parts)))
	}
	if c.temporary {
		out = append(out, "a temporary table has no partitions")
	}
	return out
}

func (d *definition) partitionKey(p partitioning) {
	var cols []string
	for _, x := range Syntax.Tokens(p.key) {
		c := d.k.Column(x.Value())
		if c != nil && (x.Kind == lint.Word || x.Kind == lint.Quoted) {
			cols = append(cols, c.Name)
			d.partitionType(p, c.Name, c.Type)
		}
	}
	if why := d.expression(p.key, false); why != "" {
		d.fault("the partitioning %s", why)
	}
	for _, x := range d.k.Indexes {
		if !x.Unique {
			continue
		}
		for _, c := range cols {
			held := false
			for _, part := range x.Columns {
				held = held || same(part.Name, c) && part.Prefix == 0
			}
			if !held {
				d.fault("the unique key %s doesn't hold %s, by which the table is partitioned", quote(x.Name), quote(c))
			}
		}
	}
}

func (d *definition) partitionType(p partitioning, name, text string) {
	t, ok := parseType(text)
	alone := same(strings.Trim(strings.TrimSpace(p.key), "`"), name)
	switch {
	case !ok:
	case t.large():
		d.fault("%s is a %s, by which no table is partitioned", quote(name), t.name)
	case p.method != "KEY" && !p.columns && alone && !t.integer() && t.name != "year":
		d.fault("%s is a %s; %s wants an integer, or COLUMNS", quote(name), t.name, p.method)
	case t.name != "timestamp" && strings.Contains(lower(p.key), "unix_timestamp"):
		d.fault("UNIX_TIMESTAMP() of %s, a %s, depends on the time zone", quote(name), t.name)
	case t.name == "timestamp" && !p.columns && p.method != "KEY" && !strings.Contains(lower(p.key), "unix_timestamp"):
		d.fault("a timestamp is partitioned by UNIX_TIMESTAMP(), which doesn't depend on the time zone")
	}
}

// partitionList looks at the partitions one after the other.
func (d *definition) partitionList(p partitioning) {
	ranged := p.method == "RANGE"
	if (ranged || p.method == "LIST") && len(p.parts) == 0 {
		d.fault("each partition of %s has to be given", p.method)
	}
	seen, held := map[string]bool{}, map[string]bool{}
	for i, x := range p.parts {
		if x.subs > 0 && p.subs > 0 && x.subs != p.subs {
			d.fault("the partition %s has another number of subpartitions than SUBPARTITIONS says", quote(x.name))
		}
		if v := d.mistyped(p, x); v != "" {
			d.fault("%s in the partition %s isn't a value of the type of %s", v, quote(x.name), p.key)
		}
		if seen[lower(x.name)] {
			d.fault("there are two partitions %s", quote(x.name))
		}
		seen[lower(x.name)] = true
		if ranged && x.bound == "in" || p.method == "LIST" && x.bound == "less" {
			d.fault("the partition %s has another kind of bound than %s", quote(x.name), p.method)
			return
		}
		for _, v := range x.in {
			if held[v] {
				d.fault("two partitions hold the value %s", v)
			}
			held[v] = true
		}
		if ranged && i > 0 && !increases(p.parts[i-1].less, x.less) {
			d.fault("the bound of %s isn't above that of %s", quote(x.name), quote(p.parts[i-1].name))
		}
	}
}

// mistyped is a bound of COLUMNS that isn't of its column's type.
func (d *definition) mistyped(p partitioning, x partition) string {
	c := d.k.Column(strings.Trim(strings.TrimSpace(p.key), "`"))
	if !p.columns {
		return p.text1(x)
	}
	if c == nil {
		return ""
	}
	t, ok := parseType(c.Type)
	for _, v := range append([]string{x.less}, x.in...) {
		tok := Syntax.Tokens(v)
		if len(tok) != 1 || !ok {
			continue
		}
		number := tok[0].Kind == lint.Number
		text := tok[0].Kind == lint.String
		switch {
		case t.integer() && text, (temporal(t) || t.text()) && number:
			return v
		case temporal(t) && text && !day.MatchString(tok[0].Value()):
			return v
		}
	}
	return ""
}

// text1 is a bound of RANGE or LIST that is a text, where an integer is wanted.
func (p partitioning) text1(x partition) string {
	for _, v := range append([]string{x.less}, x.in...) {
		if tok := Syntax.Tokens(v); len(tok) == 1 && tok[0].Kind == lint.String && (p.method == "RANGE" || p.method == "LIST") {
			return v
		}
	}
	return ""
}

// increases reports whether b is above a, or it can't be told.
func increases(a, b string) bool {
	if same(a, "MAXVALUE") {
		return false
	}
	if same(b, "MAXVALUE") {
		return true
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(a), 64)
	y, err2 := strconv.ParseFloat(strings.TrimSpace(b), 64)
	if err == nil && err2 == nil {
		return y > x
	}
	u, v := literalDay(a), literalDay(b)
	return u == "" || v == "" || v > u
}

// literalDay takes the text out of 'text' and TO_DAYS('2020-01-01'), where both bounds have the same form.
func literalDay(s string) string {
	t := Syntax.Tokens(s)
	if len(t) == 1 && t[0].Kind == lint.String {
		return t[0].Value()
	}
	if len(t) == 4 && t[1].Is("(") && t[2].Kind == lint.String {
		return lower(t[0].Text) + t[2].Value()
	}
	return ""
}
