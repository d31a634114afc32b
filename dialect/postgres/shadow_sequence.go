package postgres

import (
	"fmt"
	"strconv"

	"github.com/phasemig/phasemig/schema"
)

// unboundIdentity lets the sequence of the other table's identity column count as far as its own type does, where the one in
// use does. LIKE gives it the bounds of the smaller type, and a change of the column's type leaves them: the larger column
// would come to its end where the smaller one did.
func (c *carrier) unboundIdentity(name, other string) {
	list, err := textRows(c.ctx, c.tx, 2, `SELECT (f.seqmax = CASE f.seqtypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END)::text,
		(f.seqmin = CASE f.seqtypid WHEN 'int2'::regtype THEN -32768 WHEN 'int4'::regtype THEN -2147483648 ELSE -9223372036854775808 END)::text
		FROM pg_sequence f, pg_sequence o WHERE f.seqrelid = $1::text::regclass AND o.seqrelid = $2::text::regclass AND f.seqtypid <> o.seqtypid`, name, other)
	if err != nil {
		c.err = fmt.Errorf("read sequence %s: %w", name, classify(err))
		return
	}
	for _, r := range list {
		if r[0] == "true" {
			c.before = append(c.before, "ALTER SEQUENCE "+other+" NO MAXVALUE")
		}
		if r[1] == "true" {
			c.before = append(c.before, "ALTER SEQUENCE "+other+" NO MINVALUE")
		}
	}
}

// retypeSequence does the same for a sequence that goes over with its column: one that has the old column's type gets the new
// one's. On the way back a sequence that has counted past the smaller type stays as it is.
func (c *carrier) retypeSequence(name, from, to string) {
	was, is := c.columnType(c.from, from), c.columnType(c.to, to)
	limit, integer := bounds[is]
	if c.err != nil || was == is || !integer {
		return
	}
	list, err := textRows(c.ctx, c.tx, 2, `SELECT format_type(q.seqtypid, NULL), coalesce(pg_sequence_last_value(q.seqrelid), q.seqstart)::text FROM pg_sequence q WHERE q.seqrelid = $1::text::regclass`, name)
	if err != nil {
		c.err = fmt.Errorf("read sequence %s: %w", name, classify(err))
		return
	}
	for _, r := range list {
		last, _ := strconv.ParseInt(r[1], 10, 64) // both are numbers of the server's
		highest, _ := strconv.ParseInt(limit[1], 10, 64)
		if r[0] == was && last <= highest {
			c.after = append(c.after, "ALTER SEQUENCE "+name+" AS "+is)
		}
	}
}

// columnType is the type of a column of one of the tables, without its modifiers.
func (c *carrier) columnType(of schema.Ident, column string) string {
	for _, r := range c.rows("the types", `SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a WHERE a.attrelid = to_regclass($1)::oid AND a.attnum > 0 AND NOT a.attisdropped`, 2, of) {
		if r[0] == column {
			return r[1]
		}
	}
	return ""
}
