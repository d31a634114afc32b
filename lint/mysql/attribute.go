package mysql

import "slices"

// attributeFaults are attributes of columns and indexes, and parsers of words, that the server hasn't. Its option of the table is elsewhere.
func (c *call) attributeFaults() []string {
	engine := c.options["engine"]
	if k := c.relation(c.table); len(c.clauses) > 0 && k != nil {
		engine = k.Storage
	}
	columns, keys := slices.Clone(c.columns), slices.Clone(c.keys)
	for _, x := range c.clauses {
		columns, keys = append(columns, x.column), append(keys, x.key)
	}
	var out []string
	for _, col := range columns {
		out = append(out, c.attributeFault(col.attribute, engine, quote(col.name))...)
		if col.method != "" && !same(col.method, "zlib") {
			out = append(out, "there is no compression "+col.method+" of a column")
		}
	}
	for _, q := range keys {
		out = append(out, c.attributeFault(q.attribute, engine, "the index "+quote(q.name))...)
		if q.parser != "" && (c.maria || !same(q.parser, "ngram") && !same(q.parser, "mecab")) {
			out = append(out, "there is no parser "+quote(q.parser)+" for a FULLTEXT index unless its plugin is installed")
		}
	}
	return out
}

// attributeFault: MariaDB knows neither attribute, and InnoDB takes only that of the secondary engine.
func (c *call) attributeFault(names []string, engine, of string) []string {
	var out []string
	for _, n := range names {
		if c.maria || n == "ENGINE_ATTRIBUTE" && (engine == "" || same(engine, "innodb")) {
			out = append(out, "this server has no "+n+" for "+of)
		}
	}
	return out
}
