package mysql

import "github.com/phasemig/phasemig/lint"

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
	case "rename column", "set default", "drop default", "rename", "set visible", "drop check", "drop foreign", "rename key", "alter key":
		return cost{}
	case "modify", "change":
		x := j.innodbCost(s, c, k)
		if x.how == instant && c.column.after == "" && !c.column.first {
			return x
		}
		return copies
	case "option":
		switch c.name {
		case "engine", "row_format", "key_block_size", "transactional", "page_checksum", "max_rows", "min_rows", "avg_row_length", "pack_keys", "checksum", "data directory", "index directory", "encrypted", "auto_increment":
			return copies
		}
		return cost{}
	case "partition by", "remove partitioning", "convert", "order by", "add versioning", "drop versioning":
		return j.innodbCost(s, c, k)
	case "keys":
		return cost{}
	case "drop partition", "truncate partition", "exchange partition", "analyze partition", "check partition", "discard tablespace":
		return cost{}
	}
	return copies
}
