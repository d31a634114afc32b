package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Preflight lists what stands against running the plan now.
func (s *server) Preflight(ctx context.Context, p *plans.Plan) ([]dialect.Advice, error) {
	c := checks{ctx: ctx, s: s}
	c.server()
	c.state()
	for _, id := range p.Tables() {
		if p.MayMiss(id) && c.absent(id) {
			continue
		}
		c.table(id)
		c.transactions(id)
	}
	for i := range p.Syncs {
		c.sync(&p.Syncs[i])
	}
	copies := p.Shadows()
	for _, i := range copies {
		c.shadow(&p.Alters[i], len(copies))
	}
	return c.list, c.err
}

// Doctor checks what every plan needs, and the tables named.
func (s *server) Doctor(ctx context.Context, tables []schema.Ident) ([]dialect.Advice, error) {
	c := checks{ctx: ctx, s: s}
	c.server()
	c.state()
	c.replicaRole(false)
	c.decoding(false, 1)
	c.origins()
	c.retention()
	c.settings()
	for _, id := range tables {
		t, err := s.Table(ctx, id)
		if err != nil {
			return nil, err
		}
		c.table(t.Ident)
		c.described(t)
		c.transactions(t.Ident)
	}
	return c.list, c.err
}

// checks collects advice. The first error of a query stays.
type checks struct {
	ctx  context.Context
	s    *server
	list []dialect.Advice
	user string
	err  error
}

func (c *checks) add(a dialect.Advice) { c.list = append(c.list, a) }

// scan reads one row; after an error it does nothing.
func (c *checks) scan(query string, args []any, into ...any) bool {
	if c.err == nil {
		if err := c.s.db.QueryRowContext(c.ctx, query, args...).Scan(into...); err != nil {
			c.err = fmt.Errorf("check the server: %w", classify(err))
		}
	}
	return c.err == nil
}

func (c *checks) server() {
	var version, database string
	var recovery, readOnly bool
	if !c.scan(`SELECT current_user, pg_catalog.current_setting('server_version'), pg_catalog.current_database(), pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')::bool`,
		nil, &c.user, &version, &database, &recovery, &readOnly) {
		return
	}
	managed, err := c.s.managed(c.ctx)
	if err != nil {
		c.err = err
		return
	}
	detail := "PostgreSQL " + version + ", database " + database + ", user " + c.user
	if managed != "" {
		detail += ", managed (" + managed + "): nothing here needs a superuser; triggers that fire always need no more than to own the table"
	}
	c.add(dialect.Advice{Check: "version", OK: c.s.number >= oldest, Fatal: true, Detail: detail})
	c.add(dialect.Advice{Check: "primary", OK: !recovery, Fatal: true, Detail: either(recovery, "the server is a replica (in recovery)", "the server is a primary"), Fix: either(recovery, "name the primary", "")})
	c.add(dialect.Advice{Check: "writable", OK: !readOnly || recovery, Fatal: true, Detail: either(readOnly, "sessions are read-only", "sessions may write"), Fix: either(readOnly, "ALTER ROLE "+Quote(c.user)+" SET default_transaction_read_only = off", "")})
	c.add(dialect.Advice{Check: "direct_connection", OK: true, Fatal: true, Detail: "no pooling proxy in between"}) // else there would be no session
}

func either(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// state: phasemig's own schema is there and writable, or may be made.
func (c *checks) state() {
	var exists, may, create bool
	var database string
	if !c.scan(`SELECT n.oid IS NOT NULL, coalesce(pg_catalog.has_schema_privilege(n.oid, 'CREATE') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false),
		pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), pg_catalog.current_database()
		FROM (VALUES (1)) AS v LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1`, []any{stateSchema}, &exists, &may, &create, &database) {
		return
	}
	a := dialect.Advice{Check: "state_schema", Fatal: true, OK: exists && may || !exists && create, Detail: "schema " + stateSchema + either(exists, " is there", " can be made")}
	if !a.OK && exists {
		a.Detail = "schema " + stateSchema + " belongs to somebody else"
		a.Fix = fmt.Sprintf("GRANT USAGE, CREATE ON SCHEMA %s TO %s, and let the same role run every plan, or make it a member of the schema's owner", stateSchema, Quote(c.user))
	} else if !a.OK {
		a.Detail = "schema " + stateSchema + " can't be made"
		a.Fix = fmt.Sprintf("GRANT CREATE ON DATABASE %s TO %s", Quote(database), Quote(c.user))
	}
	c.add(a)
}

// table: DDL needs the owner, building an index needs the schema.
func (c *checks) table(id schema.Ident) {
	var owner string
	var owns, create bool
	if !c.scan(`SELECT pg_catalog.pg_get_userbyid(k.relowner), pg_catalog.pg_has_role(k.relowner, 'USAGE'), pg_catalog.has_schema_privilege(k.relnamespace, 'CREATE')
		FROM (SELECT relowner, relnamespace FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1)::oid
			UNION ALL SELECT typowner, typnamespace FROM pg_catalog.pg_type WHERE oid = pg_catalog.to_regtype($1)::oid AND typtype IN ('d', 'e')) AS k`, []any{relation(id)}, &owner, &owns, &create) {
		return
	}
	c.add(dialect.Advice{Check: "owner", OK: owns, Fatal: true, Detail: fmt.Sprintf("%s belongs to %s", id, owner), Fix: either(owns, "", fmt.Sprintf("GRANT %s TO %s", Quote(owner), Quote(c.user)))})
	c.add(dialect.Advice{Check: "schema_create", OK: create, Fatal: true, Detail: "indexes are built in schema " + id.Schema, Fix: either(create, "", fmt.Sprintf("GRANT CREATE ON SCHEMA %s TO %s", Quote(id.Schema), Quote(owner)))})
	hidden, err := c.s.hidesRows(c.ctx, id)
	if err != nil {
		c.err = err
		return
	}
	c.add(dialect.Advice{Check: "row_security", OK: !hidden, Fatal: true, Detail: either(hidden, "policies of "+id.String()+" hide rows from this user", "every row of "+id.String()+" is seen"),
		Fix: either(hidden, fmt.Sprintf("ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, or ALTER ROLE %s BYPASSRLS", relation(id), Quote(c.user)), "")})
}

// absent tells of a table that isn't there whether it may be made.
func (c *checks) absent(id schema.Ident) bool {
	var missing, create bool
	if !c.scan("SELECT pg_catalog.to_regclass($1) IS NULL, coalesce(pg_catalog.has_schema_privilege(pg_catalog.to_regnamespace($2)::oid, 'CREATE'), false)", []any{relation(id), Quote(id.Schema)}, &missing, &create) || !missing {
		return false
	}
	c.add(dialect.Advice{Check: "schema_create", OK: create, Fatal: true, Detail: "a table is made in schema " + id.Schema, Fix: either(create, "", fmt.Sprintf("GRANT CREATE ON SCHEMA %s TO %s", Quote(id.Schema), Quote(c.user)))})
	return true
}

// longTransaction is the age from which an open transaction is worth a word: it
// keeps DDL waiting and vacuum from clearing what the backfill leaves.
const longTransaction = "5 minutes"

func (c *checks) transactions(id schema.Ident) {
	var n int
	var oldest float64
	if !c.scan(`SELECT count(*), coalesce(max(extract(epoch FROM pg_catalog.clock_timestamp() - x.start)), 0)::float8 FROM (
			SELECT a.xact_start AS start FROM pg_catalog.pg_stat_activity a WHERE a.xact_start < pg_catalog.clock_timestamp() - $1::text::interval AND a.datname = pg_catalog.current_database()
				AND a.backend_type IN ('client backend', 'autovacuum worker') AND a.application_name <> '`+applicationName+`'
			UNION ALL SELECT p.prepared FROM pg_catalog.pg_prepared_xacts p WHERE p.prepared < pg_catalog.clock_timestamp() - $1::text::interval AND p.database = pg_catalog.current_database()) AS x`,
		[]any{longTransaction}, &n, &oldest) {
		return
	}
	c.add(dialect.Advice{Check: "long_transactions", OK: n == 0, Detail: either(n > 0, fmt.Sprintf("%d transactions are open for more than %s, the oldest for %.0f s: they may keep locks on %s and keep vacuum from working", n, longTransaction, oldest, id), "none that is old")})
}

// sync checks what a sync needs beyond its table.
func (c *checks) sync(y *plans.Sync) {
	if quiet(y) {
		c.replicaRole(true)
	}
	for _, w := range y.Twins {
		if w.Kind == plans.TwinForeignKey {
			c.references(y, w)
		}
	}
	t, err := c.s.Table(c.ctx, y.Table)
	if err != nil {
		c.err = err
		return
	}
	c.published(t)
	if _, moved := t.Column(y.Old[0].Hidden); !moved {
		c.views(y)
	}
}

// views: what reads the columns by now must go along when names change.
func (c *checks) views(y *plans.Sync) {
	m := movesOf(y, map[bool]plans.StepKind{true: plans.Swap, false: plans.Hide}[y.Swap], false)
	list, err := viewsOver(c.ctx, c.s.db, y.Table, m.columns, m.anew)
	if err != nil {
		c.err = err
		return
	}
	against, err := m.against(c.ctx, c.s.db, list)
	if err != nil {
		c.err = err
		return
	}
	if len(list)+len(against) > 0 {
		c.add(dialect.Advice{Check: "views", OK: len(against) == 0, Fatal: true, Detail: either(len(against) == 0, fmt.Sprintf("what reads %s of %s can go along", strings.Join(m.columns, ", "), y.Table), strings.Join(against, "; "))})
	}
}

// references asks for the right on the referenced table, from the live constraint.
func (c *checks) references(y *plans.Sync, w plans.Twin) {
	var name string
	var may bool
	if !c.scan(`SELECT coalesce(max(f.oid::regclass::text), ''), coalesce(bool_and(pg_catalog.has_table_privilege(f.oid, 'REFERENCES')), true)
		FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class f ON f.oid = k.confrelid WHERE k.conrelid = pg_catalog.to_regclass($1)::oid AND k.conname = ANY ($2)`,
		[]any{relation(y.Table), []string{w.Of, w.Name}}, &name, &may) {
		return
	}
	c.add(dialect.Advice{Check: "references", OK: may, Fatal: true, Detail: fmt.Sprintf("the twin of %s references %s", w.Of, name), Fix: either(may, "", fmt.Sprintf("GRANT REFERENCES ON %s TO %s", name, Quote(c.user)))})
}

func (c *checks) replicaRole(needed bool) {
	if c.err != nil {
		return
	}
	ok, err := c.s.replicaRole(c.ctx)
	if err != nil {
		c.err = err
		return
	}
	fix := "GRANT SET ON PARAMETER session_replication_role TO " + Quote(c.user)
	if c.s.number < 150000 {
		fix = "run as a superuser (before PostgreSQL 15 the right can't be granted; RDS: GRANT rds_superuser TO " + Quote(c.user) + "), or plan with user_triggers: fire"
	}
	c.add(dialect.Advice{Check: "replica_role", OK: ok, Fatal: needed, Detail: either(ok, "the backfill can keep the tables' own triggers silent", "the backfill can't keep the tables' own UPDATE triggers silent"), Fix: either(ok, "", fix)})
}

// settings that make waiting worse than it has to be.
func (c *checks) settings() {
	var autovacuum bool
	if !c.scan("SELECT pg_catalog.current_setting('autovacuum')::bool", nil, &autovacuum) {
		return
	}
	c.add(dialect.Advice{Check: "autovacuum", OK: autovacuum, Detail: either(autovacuum, "on", "off: a backfill leaves as many dead rows as the table has"), Fix: either(autovacuum, "", "ALTER SYSTEM SET autovacuum = on")})
}

// described tells of a table what a plan would refuse.
func (c *checks) described(t *schema.Table) {
	c.add(dialect.Advice{Check: "table_kind", OK: t.Kind == "table", Fatal: true, Detail: fmt.Sprintf("%s is a %s", t.Ident, t.Kind)})
	key, ok := t.Key()
	c.add(dialect.Advice{Check: "key", OK: ok, Fatal: true, Detail: either(ok, fmt.Sprintf("batches of %s walk %s", t.Ident, key.Name), t.Ident.String()+" has no key that batches can walk"), Fix: either(ok, "", "add a primary key")})
	c.published(t)
}

func (c *checks) published(t *schema.Table) {
	var names []string
	for _, d := range t.Dependents {
		if d.Kind == "publication" && !slices.Contains(names, d.Name) {
			names = append(names, d.Name)
		}
	}
	if len(names) > 0 {
		c.add(dialect.Advice{Check: "publications", Detail: fmt.Sprintf("%s is published by %s: a PostgreSQL subscriber stops at the first row with a column that it doesn't have", t.Ident, strings.Join(names, ", ")),
			Fix: "add the new columns on each subscriber first"})
	}
}
