package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var onlineRebuild = rule{lint.Rule{
	ID: "online-rebuild", Severity: lint.Warning, Kind: lint.Heavy,
	Summary: "the table is written anew beside writes",
	Why:     "Reads and writes go on, but the table needs its space twice, the writes of that time are applied at the end, and a replica runs the whole change in one go: it falls behind by as long as the change takes. On a large table let phasemig copy it at a pace that replicas can follow.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t FORCE;"}, {SQL: "OPTIMIZE TABLE t;"}, {SQL: "ALTER TABLE t ADD PRIMARY KEY (id);"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN c int;"}, {SQL: "ANALYZE TABLE t;"}},
}, func(c *call) {
	const lock = "none beside a short metadata lock; replicas wait, for a time that grows with the table's size"
	for _, p := range c.costs("online-rebuild") {
		c.report(said{message: c.sentence(p), lock: lock, safe: "ALTER TABLE " + quoted(c.table) + " " + strings.TrimSpace(p.text) + ", ALGORITHM=INPLACE, LOCK=NONE; -- the server refuses rather than blocks"})
	}
	if c.verb == "OPTIMIZE TABLE" || c.verb == "REPAIR TABLE" {
		for _, id := range c.tables {
			c.optimize(id)
		}
	}
}}

func (c *call) optimize(id schema.Ident) {
	if !c.live(id) {
		return
	}
	k := c.relation(id)
	x := said{message: c.verb + " writes " + quoted(id) + " anew", lock: "none beside a short metadata lock; replicas wait, for a time that grows with the table's size", safe: "Leave it out, or copy the table beside its traffic."}
	if fulltext(k) || spatial(k) || c.maria && indexedVirtual(k) || k != nil && k.Storage != "" && !same(k.Storage, "innodb") {
		x.severity, x.message, x.lock = lint.Error, c.verb+" copies "+quoted(id)+" while writes wait", "writes wait, for a time that grows with the table's size"
	}
	c.report(x)
}
