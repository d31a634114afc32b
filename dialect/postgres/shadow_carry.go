package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// What belongs to the table in use and must not be on the one that only follows it: triggers
// would fire twice, and a foreign key would refuse or remove rows before the log says so. All
// of it is read in the last moment, under the locks, and made anew in the same transaction in which the
// tables change places: nobody sees the one without the other, and what somebody granted a minute ago
// is not lost.

// carrier moves what depends on one table to the other one.
type carrier struct {
	ctx      context.Context
	tx       *sql.Tx
	from, to schema.Ident // where they stand before the exchange
	columns  []plans.Copied
	at       copyID
	// The names of their partitions, which go with them.
	partsFrom, partsTo []string

	before, after []string
	validate      []string // what is to be run once the locks are given back
	err           error
}

// carry fills the lists.
func (c *carrier) carry() error {
	for _, side := range []struct {
		of   schema.Ident
		into *[]string
	}{{c.from, &c.partsFrom}, {c.to, &c.partsTo}} {
		if *side.into, c.err = partNames(c.ctx, c.tx, side.of); c.err != nil {
			return c.err
		}
	}
	for _, read := range []func(){c.sequences, c.statistics, c.views, c.triggers, c.foreignKeys, c.policies, c.publications, c.rights, c.comment} {
		if read(); c.err != nil {
			return c.err
		}
	}
	return nil
}

// rows reads a query of text columns about one of the tables, or about two.
func (c *carrier) rows(what, query string, columns int, of ...schema.Ident) [][]string {
	if c.err != nil {
		return nil
	}
	var args []any
	for _, id := range of {
		args = append(args, relation(id))
	}
	out, err := textRows(c.ctx, c.tx, columns, query, args...)
	if err != nil {
		c.err = fmt.Errorf("read %s of %s: %w", what, c.from, classify(err))
	}
	return out
}

// queryer is a pool or a transaction.
type queryer interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// textRows reads columns of text.
func textRows(ctx context.Context, q queryer, columns int, query string, args ...any) ([][]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]string
	for rows.Next() {
		one := make([]string, columns)
		into := make([]any, columns)
		for i := range one {
			into[i] = &one[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, rows.Err()
}

func (c *carrier) home() string { return relation(c.from) }

// sequences: one that a column's default draws from goes over with the column. One that the
// other table has of its own goes on where this one is.
func (c *carrier) sequences() {
	list := c.rows("the sequences", `SELECT (a.attrelid = to_regclass($1)::oid)::text, a.attname, o.objid::regclass::text, o.deptype::text,
		EXISTS (SELECT 1 FROM pg_attrdef f JOIN pg_depend u ON u.classid = 'pg_attrdef'::regclass AND u.objid = f.oid WHERE f.adrelid = to_regclass($2)::oid AND u.refobjid = o.objid)::text
		FROM pg_depend o JOIN pg_class q ON q.oid = o.objid AND q.relkind = 'S' JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
		WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass AND o.refobjid IN (to_regclass($1)::oid, to_regclass($2)::oid) AND o.deptype IN ('a', 'i') ORDER BY q.oid`, 5, c.from, c.to)
	own := map[string]string{}
	for _, r := range list {
		if r[0] == "false" {
			own[r[1]] = r[2]
		}
	}
	for _, r := range list {
		to, both := c.columnTo(r[1])
		if r[0] == "false" || !both {
			continue
		}
		name := r[2]
		switch other := own[to]; {
		case other != "":
			c.unboundIdentity(name, other)
			c.before = append(c.before, fmt.Sprintf("SELECT setval(%s, least(s.last_value, (SELECT q.seqmax FROM pg_sequence q WHERE q.seqrelid = %[1]s::regclass)), s.is_called) FROM %s AS s", literal(other), name))
		case r[3] == "a" && r[4] == "true":
			c.before = append(c.before, "ALTER SEQUENCE "+name+" OWNED BY NONE")
			c.after = append(c.after, "ALTER SEQUENCE "+name+" OWNED BY "+c.home()+"."+Quote(to))
			c.retypeSequence(name, r[1], to)
		}
	}
}

// statistics objects stay in their schema when their table leaves it, so they are moved by themselves.
func (c *carrier) statistics() {
	const query = `SELECT format('%I.%I', n.nspname, s.stxname) FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
		JOIN pg_class t ON t.oid = s.stxrelid AND t.relnamespace = s.stxnamespace WHERE s.stxrelid = to_regclass($1)::oid ORDER BY 1`
	for _, r := range c.rows("the statistics objects", query, 1, c.from) {
		c.before = append(c.before, "ALTER STATISTICS "+r[0]+" SET SCHEMA "+Quote(c.aside()))
	}
	for _, r := range c.rows("the statistics objects", query, 1, c.to) {
		c.after = append(c.after, "ALTER STATISTICS "+r[0]+" SET SCHEMA "+Quote(c.from.Schema))
	}
}

// aside is the schema that the table in use goes to.
func (c *carrier) aside() string {
	if c.to.Schema == c.at.asideSchema() {
		return c.at.shadowSchema()
	}
	return c.at.asideSchema()
}

func (c *carrier) columnTo(name string) (string, bool) {
	i := slices.IndexFunc(c.columns, func(p plans.Copied) bool { return p.From == name })
	if i < 0 {
		return "", false
	}
	return c.columns[i].To, true
}

// views keep their identity, owner and rights: only what they read is looked up anew.
func (c *carrier) views() {
	for _, r := range c.rows("the views", `SELECT DISTINCT v.oid::regclass::text, coalesce(' WITH (' || array_to_string(v.reloptions, ', ') || ')', ''), pg_get_viewdef(v.oid)
		FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class
		WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1)::oid AND v.relkind = 'v' ORDER BY 1`, 3, c.from) {
		c.after = append(c.after, "CREATE OR REPLACE VIEW "+r[0]+r[1]+" AS "+r[2])
	}
}

func (c *carrier) triggers() {
	for _, r := range c.rows("the triggers", `SELECT g.tgname, pg_get_triggerdef(g.oid), g.tgenabled::text, coalesce(obj_description(g.oid, 'pg_trigger'), '')
		FROM pg_trigger g WHERE g.tgrelid = to_regclass($1)::oid AND NOT g.tgisinternal ORDER BY g.tgname COLLATE "C"`, 4, c.from) {
		c.before = append(c.before, "DROP TRIGGER "+Quote(r[0])+" ON "+relation(c.from))
		c.after = append(c.after, r[1])
		if how := map[string]string{"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}[r[2]]; how != "" {
			c.after = append(c.after, fmt.Sprintf("ALTER TABLE %s %s TRIGGER %s", c.home(), how, Quote(r[0])))
		}
		c.describe("TRIGGER "+Quote(r[0])+" ON "+c.home(), r[3])
	}
}

func (c *carrier) describe(what, text string) {
	if text != "" {
		c.after = append(c.after, "COMMENT ON "+what+" IS "+literal(text))
	}
}

// foreignKeys of both directions are made anew without a look at the rows, and validated when
// the locks are given back.
func (c *carrier) foreignKeys() {
	for _, r := range c.rows("the foreign keys", `SELECT k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid), k.convalidated::text, coalesce(obj_description(k.oid, 'pg_constraint'), ''), (k.conrelid = to_regclass($1)::oid)::text
		FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = to_regclass($1)::oid OR k.confrelid = to_regclass($1)::oid) ORDER BY 1, k.conname COLLATE "C"`, 6, c.from) {
		c.before = append(c.before, fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", r[0], Quote(r[1])))
		add := fmt.Sprintf("ADD CONSTRAINT %s %s", Quote(r[1]), r[2])
		if r[5] == "true" && len(c.partsTo) > 0 {
			c.foreignKeyOfParts(Quote(r[1]), add, r[4])
			continue
		}
		add = "ALTER TABLE " + r[0] + " " + add
		if r[3] == "true" {
			add += " NOT VALID"
			c.validate = append(c.validate, fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", r[0], Quote(r[1])))
		}
		c.after = append(c.after, add)
		c.describe("CONSTRAINT "+Quote(r[1])+" ON "+r[0], r[4])
	}
}

// foreignKeyOfParts: before PostgreSQL 18 a foreign key of a partitioned table can't be NOT VALID. So each partition gets its own, which
// is validated by itself; the table's then takes them over and reads no row.
func (c *carrier) foreignKeyOfParts(name, add, text string) {
	for _, part := range c.partsTo {
		leaf := inSchemaOf(c.from, part)
		c.after = append(c.after, "ALTER TABLE "+leaf+" "+add+" NOT VALID")
		c.validate = append(c.validate, "ALTER TABLE "+leaf+" VALIDATE CONSTRAINT "+name)
	}
	c.validate = append(c.validate, "ALTER TABLE "+c.home()+" "+add)
	if text != "" {
		c.validate = append(c.validate, "COMMENT ON CONSTRAINT "+name+" ON "+c.home()+" IS "+literal(text))
	}
}

// policies: those of the table aside are of an earlier exchange.
func (c *carrier) policies() {
	for _, r := range c.rows("the policies", `SELECT p.polname FROM pg_policy p WHERE p.polrelid = to_regclass($1)::oid ORDER BY 1`, 1, c.to) {
		c.before = append(c.before, "DROP POLICY "+Quote(r[0])+" ON "+relation(c.to))
	}
	for _, r := range c.rows("the policies", `SELECT p.polname, format(' AS %s FOR %s TO %s%s%s', CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
			CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
			(SELECT string_agg(CASE WHEN x.role = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.role)) END, ', ') FROM unnest(p.polroles) AS x(role)),
			coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ''), coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')),
			coalesce(obj_description(p.oid, 'pg_policy'), '') FROM pg_policy p WHERE p.polrelid = to_regclass($1)::oid ORDER BY 1`, 3, c.from) {
		c.after = append(c.after, "CREATE POLICY "+Quote(r[0])+" ON "+c.home()+r[1])
		c.describe("POLICY "+Quote(r[0])+" ON "+c.home(), r[2])
	}
	for _, r := range c.rows("row-level security", `SELECT CASE WHEN k.relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END, CASE WHEN k.relforcerowsecurity THEN 'FORCE' ELSE 'NO FORCE' END
		FROM pg_class k WHERE k.oid = to_regclass($1)::oid`, 2, c.from) {
		c.after = append(c.after, fmt.Sprintf("ALTER TABLE %s %s ROW LEVEL SECURITY, %s ROW LEVEL SECURITY", c.home(), r[0], r[1]))
	}
}

// publications: subscribers know the table by its name, and go on.
func (c *carrier) publications() {
	for _, r := range c.rows("the publications", `SELECT quote_ident(p.pubname), coalesce(' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.n) FROM unnest(r.prattrs) WITH ORDINALITY AS u(attnum, n)
			JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = u.attnum) || ')', ''), coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')
		FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = to_regclass($1)::oid AND p.pubname !~ `+ownLog+` ORDER BY 1`, 3, c.from) {
		c.before = append(c.before, "ALTER PUBLICATION "+r[0]+" DROP TABLE "+relation(c.from))
		c.after = append(c.after, "ALTER PUBLICATION "+r[0]+" ADD TABLE "+c.home()+r[1]+r[2])
	}
}

// rights: owner, then what others may do with the table and its columns.
func (c *carrier) rights() {
	for _, r := range c.rows("the owner", `SELECT quote_ident(pg_get_userbyid(f.relowner)), (f.relowner <> t.relowner)::text FROM pg_class f, pg_class t WHERE f.oid = to_regclass($1)::oid AND t.oid = to_regclass($2)::oid`, 2, c.from, c.to) {
		if r[1] == "true" {
			for _, name := range append([]string{c.to.Name}, c.partsTo...) {
				c.before = append(c.before, "ALTER TABLE "+inSchemaOf(c.to, name)+" OWNER TO "+r[0])
			}
		}
	}
	const who = "CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END"
	for _, r := range c.rows("the rights", `SELECT DISTINCT `+who+` FROM pg_class k CROSS JOIN LATERAL aclexplode(k.relacl) AS x WHERE k.oid = to_regclass($1)::oid AND x.grantee <> k.relowner
		UNION SELECT DISTINCT `+who+` FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) AS x WHERE a.attrelid = to_regclass($1)::oid`, 1, c.to) {
		c.after = append(c.after, "REVOKE ALL ON TABLE "+c.home()+" FROM "+r[0])
	}
	for _, r := range c.rows("the rights", `SELECT x.privilege_type, '', `+who+`, CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
			FROM pg_class k CROSS JOIN LATERAL aclexplode(k.relacl) AS x WHERE k.oid = to_regclass($1)::oid AND x.grantee <> k.relowner
		UNION ALL SELECT x.privilege_type, a.attname, `+who+`, CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
			FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) AS x WHERE a.attrelid = to_regclass($1)::oid AND NOT a.attisdropped ORDER BY 2, 3, 1`, 4, c.from) {
		column, ok := c.columnTo(r[1])
		switch {
		case r[1] == "":
			c.after = append(c.after, fmt.Sprintf("GRANT %s ON TABLE %s TO %s%s", r[0], c.home(), r[2], r[3]))
		case ok:
			c.after = append(c.after, fmt.Sprintf("GRANT %s (%s) ON TABLE %s TO %s%s", r[0], Quote(column), c.home(), r[2], r[3]))
		}
	}
}

func (c *carrier) comment() {
	for _, r := range c.rows("the comment", `SELECT coalesce(obj_description(to_regclass($1)::oid, 'pg_class'), '')`, 1, c.from) {
		c.after = append(c.after, "COMMENT ON TABLE "+c.home()+" IS "+comment(r[0]))
	}
}

// partnersSQL lists the tables at the other ends of foreign keys, in the order in which every
// runner locks them.
const partnersSQL = `SELECT DISTINCT o.oid::regclass::text FROM pg_constraint k JOIN pg_class o ON o.oid IN (k.conrelid, k.confrelid)
	WHERE k.contype = 'f' AND to_regclass($1)::oid IN (k.conrelid, k.confrelid) AND o.oid NOT IN (to_regclass($1)::oid, to_regclass($2)::oid) ORDER BY 1`

func (c *carrier) partners() []string {
	var out []string
	for _, r := range c.rows("the foreign keys", partnersSQL, 1, c.from, c.to) {
		out = append(out, r[0])
	}
	return out
}

// exchange moves everything and lets the tables change places, in the transaction that holds their
// lock. Each further lock is waited for far shorter than the server looks for deadlocks.
func (c *carrier) exchange() error {
	if err := c.run([]string{lockTimeoutSQL(laterLock)}); err != nil {
		return err
	}
	if list := c.partners(); len(list) > 0 {
		if err := c.run([]string{"LOCK TABLE " + strings.Join(list, ", ") + " IN ACCESS EXCLUSIVE MODE"}); err != nil {
			return err
		}
	}
	if c.err != nil {
		return c.err
	}
	if err := carriable(c.ctx, c.tx, c.from); err != nil {
		return err
	}
	if err := c.carry(); err != nil {
		return err
	}
	if err := c.run(c.before); err != nil {
		return err
	}
	if err := c.run(exchange(c.from, c.partsFrom, c.aside(), c.to, c.partsTo)); err != nil {
		return err
	}
	if err := c.run(append(c.after, c.noteParts()...)); err != nil {
		return err
	}
	for i, q := range append([]string{dropsLog}, c.validate...) {
		if _, err := c.tx.ExecContext(c.ctx, "INSERT INTO "+relation(c.at.checkpoint())+" VALUES ('"+toFinish+"', $1, $2, 0)", i, q); err != nil {
			return classify(err)
		}
	}
	return fault.Point("shadow.carried")
}

func (c *carrier) run(list []string) error {
	for _, q := range list {
		if _, err := c.tx.ExecContext(c.ctx, q, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("%s: %w", firstLine(q), classify(err))
		}
	}
	return nil
}
