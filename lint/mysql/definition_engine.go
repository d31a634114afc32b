package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// engine finds what the table's engine doesn't have.
func (d *definition) engine() {
	if d.k.Bound != "" && d.k.Storage != "" && !d.maria && d.version >= 80000 && !same(d.k.Storage, "innodb") && !same(d.k.Storage, "ndbcluster") && !same(d.k.Storage, "ndb") {
		d.fault("only InnoDB has partitions on this version, and %s hasn't", d.k.Storage)
	}
	if f, n := d.k.Options["row_format"], d.k.Options["key_block_size"]; d.innodb() && n != "" && n != "0" && (f == "dynamic" || f == "compact" || f == "redundant") {
		d.fault("KEY_BLOCK_SIZE is for ROW_FORMAT=COMPRESSED, and the table is %s", strings.ToUpper(f))
	}
	if p := d.k.Options["page_compressed"]; d.maria && d.innodb() && (p == "1" || p == "yes" || p == "on") && (d.k.Options["row_format"] == "compressed" || d.k.Options["row_format"] == "redundant") {
		d.fault("PAGE_COMPRESSED doesn't go together with ROW_FORMAT=%s", strings.ToUpper(d.k.Options["row_format"]))
	}
	switch lower(d.k.Storage) {
	case "memory", "heap":
		for i := range d.k.Columns {
			if t, ok := parseType(d.k.Columns[i].Type); ok && t.large() {
				d.fault("a MEMORY table has no column such as %s, which is a %s", quote(d.k.Columns[i].Name), t.name)
			}
		}
	case "csv":
		for i := range d.k.Columns {
			if d.k.Columns[i].Nullable {
				d.fault("a CSV table has no column that may be NULL, as %s", quote(d.k.Columns[i].Name))
			}
		}
		if len(d.k.Indexes) > 0 {
			d.fault("a CSV table has no index")
		}
	}
}

// periods looks at the columns of a period.
func (d *definition) periods() {
	if _, columns := period(d.k); len(columns) > 0 && d.maria && d.whole {
		if why := periodFault(d.k, columns); why != "" {
			d.fault("%s", why)
		}
	}
}

// engines are those that each server may have, built in or as a plugin; true is MariaDB. The empty name and DEFAULT are the server's choice.
var engines = map[bool][]string{
	false: {"", "default", "innodb", "myisam", "memory", "heap", "csv", "archive", "blackhole", "merge", "mrg_myisam", "federated", "ndb", "ndbcluster", "rocksdb", "tokudb", "performance_schema", "example", "placeholder"},
	true: {"", "default", "innodb", "myisam", "memory", "heap", "csv", "archive", "blackhole", "merge", "mrg_myisam", "federated", "aria", "sequence", "rocksdb", "spider", "connect", "mroonga", "columnstore", "s3", "oqgraph", "sphinx",
		"tokudb", "performance_schema", "example", "placeholder"},
}

func (j *judge) unknownEngine(name string) string {
	if slices.Contains(engines[j.maria], lower(name)) {
		return ""
	}
	return "there is no storage engine " + name
}

// plugins are engines that a server has only where somebody installed them; true is MariaDB.
var plugins = map[bool][]string{
	false: {"federated", "ndb", "ndbcluster"},
	true:  {"archive", "blackhole", "federated", "columnstore", "connect", "mroonga", "oqgraph", "rocksdb", "s3", "spider", "sphinx", "tokudb"},
}

// absentEngine: no table of the schema has the engine, and the server brings it only as a plugin.
func (c *call) absentEngine(name string) string {
	name = lower(name)
	if !c.knowsAll() || !slices.Contains(plugins[c.maria], name) {
		return ""
	}
	used := false
	c.catalog.Relations(func(r *lint.Relation) { used = used || same(r.Storage, name) })
	if used {
		return ""
	}
	return "no table of the schema has the storage engine " + name + ", and the server hasn't it until its plugin is installed"
}
