package mysql

import (
	"slices"

	"github.com/phasemig/phasemig/lint"
)

// engine finds what the table's engine doesn't have.
func (d *definition) engine() {
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
