package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
)

// What an ALTER TABLE on a shadow asks of server and account besides what every plan
// does: its changes are read from the server's log by logical decoding.

// shadow checks all of it for one table.
func (c *checks) shadow(a *plans.Alter) {
	c.decoding(true)
	c.mayMake()
	c.identity(a)
	c.others(a)
}

// decoding checks the settings of the log, and the right to read it. Two slots are in use at
// the moment in which the tables change places.
func (c *checks) decoding(needed bool) {
	var level string
	var slots, senders int
	var may bool
	if !c.scan(`SELECT pg_catalog.current_setting('wal_level'),
			pg_catalog.current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_catalog.pg_replication_slots WHERE slot_name !~ '^phasemig_[0-9a-f]{12}(_back)?$')::int,
			pg_catalog.current_setting('max_wal_senders')::int - (SELECT count(*) FROM pg_catalog.pg_stat_replication WHERE application_name <> '`+applicationName+`')::int,
			(SELECT r.rolsuper OR r.rolreplication OR EXISTS (SELECT 1 FROM pg_catalog.pg_roles m WHERE m.rolname IN ('rds_replication', 'cloudsqlsuperuser', 'azure_pg_admin') AND pg_catalog.pg_has_role(m.oid, 'MEMBER'))
				FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)`, nil, &level, &slots, &senders, &may) {
		return
	}
	c.add(dialect.Advice{Check: "wal_level", OK: level == "logical", Fatal: needed, Detail: "wal_level is " + level + either(level == "logical", "", ": the log doesn't hold rows, which changes are read from while a table is copied"),
		Fix: either(level == "logical", "", "ALTER SYSTEM SET wal_level = logical, and restart the server (managed servers: rds.logical_replication, cloudsql.logical_decoding)")})
	c.add(dialect.Advice{Check: "replication_slots", OK: slots >= 2 && senders >= 2, Fatal: needed, Detail: fmt.Sprintf("%d replication slots and %d senders are free, and a copy takes two", max(slots, 0), max(senders, 0)),
		Fix: either(slots >= 2 && senders >= 2, "", "ALTER SYSTEM SET max_replication_slots and max_wal_senders to two more, and restart the server; or drop slots that nobody reads")})
	c.add(dialect.Advice{Check: "replication_right", OK: may, Fatal: needed, Detail: either(may, c.user+" may read the log", c.user+" may not read the log"), Fix: either(may, "", "ALTER ROLE "+Quote(c.user)+" REPLICATION (RDS: GRANT rds_replication TO "+Quote(c.user)+")")})
}

// mayMake: schemas for the copy, and a publication.
func (c *checks) mayMake() {
	var may bool
	var database string
	if !c.scan("SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), pg_catalog.current_database()", nil, &may, &database) {
		return
	}
	c.add(dialect.Advice{Check: "database_create", OK: may, Fatal: true, Detail: either(may, "schemas and a publication can be made in "+database, c.user+" may not make schemas and publications in "+database),
		Fix: either(may, "", "GRANT CREATE ON DATABASE "+Quote(database)+" TO "+Quote(c.user))})
}

// identity: what the log says of a row that was changed or deleted must hold the key that is
// walked.
func (c *checks) identity(a *plans.Alter) {
	var how string
	var ok bool
	var key []string
	for _, k := range a.Key {
		key = append(key, k.Name)
	}
	if !c.scan(`SELECT c.relreplident::text, c.relreplident = 'f' OR EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END
			AND $2::text[] <@ (SELECT pg_catalog.array_agg(a.attname::text) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)))
		FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)::oid`, []any{relation(a.Table), key}, &how, &ok) {
		return
	}
	c.add(dialect.Advice{Check: "replica_identity", OK: ok, Fatal: true, Detail: either(ok, "the log names each row by the key", "the log doesn't hold the key of a changed row: REPLICA IDENTITY is "+map[string]string{"d": "DEFAULT without such a primary key", "n": "NOTHING", "i": "another index", "f": "FULL"}[how]),
		Fix: either(ok, "", "ALTER TABLE "+relation(a.Table)+" REPLICA IDENTITY DEFAULT, with the key as the primary key, or REPLICA IDENTITY USING INDEX")})
}

// others: views and tables at the other ends of foreign keys are changed when the tables change
// places, which their owner alone may do.
func (c *checks) others(a *plans.Alter) {
	var names string
	if !c.scan(`SELECT coalesce(pg_catalog.string_agg(DISTINCT o.oid::regclass::text, ', '), '') FROM (
			SELECT CASE WHEN k.conrelid = t.oid THEN k.confrelid ELSE k.conrelid END AS oid FROM (SELECT pg_catalog.to_regclass($1)::oid AS oid) AS t JOIN pg_catalog.pg_constraint k ON k.contype = 'f' AND t.oid IN (k.conrelid, k.confrelid)
			UNION SELECT w.ev_class FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = pg_catalog.to_regclass($1)::oid) AS x
		JOIN pg_catalog.pg_class o ON o.oid = x.oid AND NOT pg_catalog.pg_has_role(o.relowner, 'USAGE')`, []any{relation(a.Table)}, &names) {
		return
	}
	c.add(dialect.Advice{Check: "other_owners", OK: names == "", Fatal: true, Detail: either(names == "", "everything that depends on "+a.Table.String()+" can be moved", c.user+" doesn't own "+names+", which depend on "+a.Table.String()),
		Fix: either(names == "", "", "make "+c.user+" a member of their owners' roles")})
}
