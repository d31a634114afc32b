package mysql

import (
	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var notInnoDB = rule{lint.Rule{
	ID: "not-innodb", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "a table of another engine than InnoDB is copied or locked as a whole",
	Why:     "MyISAM, Aria, MEMORY and the like know no change beside writes: what isn't a matter of the catalog alone (a name, a default, a comment) copies the table while writes wait, and so does the build of any index. CHECK and REPAIR lock it while they read it. ENGINE=InnoDB is the last such copy.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int) ENGINE=MyISAM;", SQL: "ALTER TABLE t ADD COLUMN b int;"}, {Schema: "CREATE TABLE t (a int) ENGINE=MyISAM;", SQL: "CREATE INDEX i ON t (a);"},
		{Schema: "CREATE TABLE t (a int) ENGINE=MyISAM;", SQL: "CHECK TABLE t;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (a int) ENGINE=MyISAM;", SQL: "ALTER TABLE t ALTER COLUMN a SET DEFAULT 1;"}, {Schema: "CREATE TABLE t (a int) ENGINE=InnoDB;", SQL: "ALTER TABLE t ADD COLUMN b int;"}},
}, func(c *call) {
	blocking(func(c *call, p priced) string {
		return "Copy the table beside its traffic into one of InnoDB, and exchange the names."
	})(c)
	if c.verb != "CHECK TABLE" && c.verb != "REPAIR TABLE" {
		return
	}
	for _, id := range c.tables {
		if k := c.relation(id); c.live(id) && k != nil && k.Storage != "" && !same(k.Storage, "innodb") {
			c.report(said{message: c.verb + " locks " + quoted(id) + " while it reads all of it", lock: "table lock: for a time that grows with the table's size", safe: "Do it on a replica."})
		}
	}
}}

// otherEngine is the cost on a table that isn't of InnoDB. What the catalog alone holds is free.
func (j *judge) otherEngine(s *statement, c clause, k *lint.Relation) cost {
	copies := cost{"not-innodb", copying, true, "a table of " + k.Storage + " is copied for it", ""}
	switch c.kind {
	case "rename column", "set default", "drop default", "rename", "set visible", "rename key", "alter key", "keys":
		return cost{}
	case "drop constraint":
		if j.maria {
			return cost{}
		}
	case "modify", "change":
		x := j.innodbCost(s, c, k)
		if x.fails != "" || x.how == instant && sameLayout(k.Column(c.name), c.column) {
			return x
		}
	case "option":
		switch c.name {
		case "comment", "stats_persistent", "stats_auto_recalc", "stats_sample_pages", "insert_method", "connection", "union", "page_checksum":
			return cost{}
		case "delay_key_write":
			if j.maria {
				return cost{}
			}
		case "engine":
			return j.innodbCost(s, c, k)
		}
	case "partition by", "remove partitioning", "convert", "order by", "add versioning", "drop versioning":
		return j.innodbCost(s, c, k)
	case "drop partition", "truncate partition", "exchange partition", "analyze partition", "check partition", "discard tablespace", "validation":
		return cost{}
	}
	return copies
}

// sameLayout: a row of such an engine stays as it is: nothing but a comment, a default, or members at the end.
func sameLayout(was *schema.Column, col column) bool {
	if was == nil || col.first || col.after != "" || was.Nullable == (col.notNull || col.primary) {
		return false
	}
	from, ok := parseType(was.Type)
	return ok && (sameType(from, col.typ) || from.name == "enum" || from.name == "set")
}
