package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// writtenState says how a statement that writes rows, or empties the table, doesn't fit it.
func (c *call) writtenState(k *lint.Relation) []string {
	var out []string
	if k != nil && k.Kind == "sequence" && c.verb != "INSERT" && c.verb != "REPLACE" && !c.joined {
		out = append(out, quoted(c.table)+" is a sequence")
	}
	if k != nil && k.Kind == "view" && c.verb != "TRUNCATE" && !c.joined && !updatable(k.Options["definition"]) {
		out = append(out, "nothing can be written through the view "+quoted(c.table))
	}
	if c.missing(c.table) && !c.joined {
		out = append(out, "there is no table "+quoted(c.table))
	}
	if c.selects {
		out = append(out, c.copiedFaults(k)...)
	}
	if c.verb == "TRUNCATE" && k != nil && c.maria && k.Options["system versioning"] != "" {
		out = append(out, quoted(c.table)+" is system-versioned, and can't be truncated")
	}
	if c.verb == "TRUNCATE" && k != nil {
		if k.Kind == "view" {
			out = append(out, quoted(c.table)+" is a view")
		}
		if child := c.child(k, nil); child != "" && !c.unchecked {
			out = append(out, "a foreign key of "+child+" points at "+quoted(c.table))
		}
	}
	return out
}

func (c *call) accountState() []string {
	var out []string
	for _, a := range created(c.body) {
		if c.accounts[a] && !c.ifNotExists && !c.replace {
			out = append(out, "there is an account "+a+" already")
		}
	}
	return out
}

func (c *call) createState(k *lint.Relation) []string {
	var out []string
	if k != nil && !k.Partial && !c.ifNotExists && !c.replace && !c.temporary && k.Schema == c.table.Schema {
		out = append(out, "there is a table "+quoted(c.table)+" already")
	}
	if c.like.Name != "" && c.missing(c.like) {
		out = append(out, "there is no table "+quoted(c.like))
	}
	if o := c.relation(c.like); c.like.Name != "" && o != nil && o.Kind == "view" {
		out = append(out, quoted(c.like)+" is a "+o.Kind)
	}
	if c.selects && c.body != "" {
		q := readQuery(c.body)
		out = append(out, c.queryFaults(q, false, true)...)
		out = append(out, c.valueless(q)...)
	}
	return out
}

// valueless are columns that a CREATE TABLE … SELECT gives no value, and that need one.
func (c *call) valueless(q query) []string {
	names, ok := c.result(q)
	if !ok || slices.Contains(names, "") {
		return nil
	}
	var out []string
	for _, col := range c.columns {
		if col.notNull && !col.hasDef && !col.auto && col.generated == "" && !holds(names, col.name) && !primaryKeyed(c.keys, col.name) {
			out = append(out, "the query gives no value for "+quote(col.name)+", which is NOT NULL and has no default")
		}
	}
	return out
}

func primaryKeyed(keys []key, name string) bool {
	return slices.ContainsFunc(keys, func(k key) bool {
		return k.kind == "primary" && slices.ContainsFunc(k.parts, func(p schema.IndexColumn) bool { return same(p.Name, name) })
	})
}

// whole reports whether everything of a table is known.
func whole(k *lint.Relation) bool { return k != nil && !k.Partial && len(k.Columns) > 0 }

func (c *call) dropState() []string {
	var out []string
	if c.temporary {
		return c.dropTemporaryState()
	}
	for _, id := range c.tables {
		k := c.relation(id)
		switch {
		case c.missing(id) && !c.ifExists:
			out = append(out, "there is no "+strings.ToLower(c.verb[5:])+" "+quoted(id))
		case k == nil || k.Partial:
		case c.ofOtherKind(id):
			if !c.ifExists {
				out = append(out, quoted(id)+" is a "+k.Kind)
			}
		case c.verb == "DROP TABLE" && !c.unchecked:
			before := c.tables
			if c.maria { // one after the other
				before = nil
				for _, o := range c.tables {
					if o == id {
						break
					}
					before = append(before, o)
				}
			}
			if child := c.child(k, before); child != "" {
				out = append(out, "a foreign key of "+child+" points at "+quoted(id))
			}
		}
	}
	return out
}

// otherKind: DROP TABLE of a view and DROP VIEW of a table, which IF EXISTS leaves alone.
func (j *judge) otherKind(verb string, id schema.Ident) bool {
	k := j.relation(id)
	return k != nil && !k.Partial && (verb == "DROP VIEW" && k.Kind != "view" || verb == "DROP TABLE" && k.Kind == "view")
}

func (c *call) ofOtherKind(id schema.Ident) bool { return c.otherKind(c.verb, id) }

// dropTemporaryState: DROP TEMPORARY TABLE sees no other tables.
func (c *call) dropTemporaryState() []string {
	var out []string
	for _, id := range c.tables {
		if k := c.relation(id); c.verb == "DROP TABLE" && !c.ifExists && k != nil && !k.Partial && k.Kind == "table" && !k.Fresh {
			out = append(out, "there is no temporary table "+quoted(id))
		}
	}
	return out
}

// child names a table with a foreign key that points at k, but for those that go, too.
func (j *judge) child(k *lint.Relation, gone []schema.Ident) string {
	for _, q := range k.Constraints {
		if q.Incoming && q.Ref.Name != "" && !same(q.Ref.Name, k.Name) && !among(gone, q.Ref.Name) {
			return quoted(q.Ref)
		}
	}
	found := ""
	j.catalog.Relations(func(r *lint.Relation) {
		if r == k || among(gone, r.Name) {
			return
		}
		for _, q := range r.Constraints {
			if q.Kind == schema.ForeignKey && !q.Incoming && same(q.Ref.Name, k.Name) && (q.Ref.Schema == "" || q.Ref.Schema == k.Schema || k.Schema == "") {
				found = quoted(r.Ident)
			}
		}
	})
	return found
}

func among(list []schema.Ident, name string) bool {
	for _, id := range list {
		if same(id.Name, name) {
			return true
		}
	}
	return false
}

func (c *call) renameState() []string {
	var out []string
	there := map[string]bool{}
	for i, id := range c.tables {
		if c.missing(id) && !there[lower(id.Name)] && !c.ifExists {
			out = append(out, "there is no table "+quoted(id))
		}
		if to := c.to[i]; to.Schema == id.Schema {
			k := c.relation(to)
			gone, known := there[lower(to.Name)]
			if id == to || known && gone || !known && k != nil && !k.Partial && k.Schema == to.Schema && !same(id.Name, to.Name) {
				out = append(out, "there is a table "+quoted(to)+" already")
			}
			there[lower(to.Name)] = true
		}
		there[lower(id.Name)] = false
	}
	return out
}

// databaseFaults looks at the character set and the collation of a database.
func (c *call) databaseFaults() []string {
	cur, charset, collate := newCursor(c.body), "", ""
	for ; !cur.done(); cur.skip() {
		switch {
		case cur.at("CHARACTER", "SET"), cur.at("CHARSET"):
			cur.i += map[bool]int{true: 1, false: 2}[cur.at("CHARSET")]
			cur.take("=")
			charset = cur.peek(0).Value()
		case cur.at("COLLATE"):
			cur.skip()
			cur.take("=")
			collate = lower(cur.peek(0).Value())
		}
	}
	if why := c.encoding(normalCharset(charset), collate); why != "" {
		return []string{why}
	}
	return nil
}

// lockKinds are the words behind a table in LOCK TABLES; MariaDB has more of them, and WAIT.
func (c *call) lockKinds() []string {
	for _, how := range c.how {
		t := Syntax.Tokens(how)
		for len(t) > 1 && !t[0].Is("READ") && !t[0].Is("WRITE") && !t[0].Is("LOW_PRIORITY") { // an alias
			t = t[1:]
		}
		if w := strings.ToUpper(plainWords(t)); !c.maria && w != "READ" && w != "WRITE" && w != "READ LOCAL" {
			return []string{"there is no lock " + w}
		}
	}
	return nil
}
