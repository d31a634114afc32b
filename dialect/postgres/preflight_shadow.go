package postgres

import (
	"context"
	"fmt"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/pgoutput"
	"github.com/phasemig/phasemig/plans"
)

// What an ALTER TABLE on a shadow asks of server and account besides what every plan
// does: its changes are read from the server's log by logical decoding.

// shadow checks all of it for one table of so many.
func (c *checks) shadow(a *plans.Alter, copies int) {
	if a.N == 0 { // for all of them
		c.decoding(true, copies)
		c.mayMake()
	}
	c.identity(a)
	c.others(a)
}

// slotsLeft and sendersLeft are what of both no others use: the runs of this database have theirs among them.
const (
	slotsLeft   = `pg_catalog.current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_catalog.pg_replication_slots WHERE database IS DISTINCT FROM pg_catalog.current_database() OR slot_name !~ ` + ownLog + `)::int`
	sendersLeft = `pg_catalog.current_setting('max_wal_senders')::int - (SELECT count(*) FROM pg_catalog.pg_stat_replication WHERE application_name <> '` + applicationName + `')::int`
)

// roomFor tells whether the log can be read for so many copies. A slot follows each from its beginning on, and one more is made for the
// way back before a table changes places.
func (s *server) roomFor(ctx context.Context, copies int) (*plans.Room, error) {
	var slots, senders int
	if copies == 0 {
		return nil, nil
	}
	if err := s.db.QueryRowContext(ctx, "SELECT "+slotsLeft+", "+sendersLeft).Scan(&slots, &senders); err != nil {
		return nil, fmt.Errorf("count what is free for reading the log: %w", classify(err))
	}
	room := max(min(slots, senders)-1, 0)
	if room >= copies {
		return nil, nil
	}
	return &plans.Room{Copies: room, Because: fmt.Sprintf("%d replication slots and %d senders are free, and a run takes one of each for every copy, and one more", max(slots, 0), max(senders, 0)),
		Hint: moreSlots(copies)}, nil
}

func moreSlots(copies int) string {
	return fmt.Sprintf("ALTER SYSTEM SET max_replication_slots and max_wal_senders to as many as are in use and %d more, and restart the server; or drop slots that nobody reads; or make a change of each table, one after the other", copies+1)
}

// decoding checks the settings of the log, and the right to read it.
func (c *checks) decoding(needed bool, copies int) {
	var level string
	var slots, senders int
	var may bool
	if !c.scan(`SELECT pg_catalog.current_setting('wal_level'), `+slotsLeft+`, `+sendersLeft+`,
			(SELECT r.rolsuper OR r.rolreplication OR EXISTS (SELECT 1 FROM pg_catalog.pg_roles m WHERE m.rolname IN ('rds_replication', 'cloudsqlsuperuser', 'azure_pg_admin') AND pg_catalog.pg_has_role(m.oid, 'MEMBER'))
				FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)`, nil, &level, &slots, &senders, &may) {
		return
	}
	c.add(dialect.Advice{Check: "wal_level", OK: level == "logical", Fatal: needed, Detail: "wal_level is " + level + either(level == "logical", "", ": the log doesn't hold rows, which changes are read from while a table is copied"),
		Fix: either(level == "logical", "", "ALTER SYSTEM SET wal_level = logical, and restart the server (managed servers: rds.logical_replication, cloudsql.logical_decoding)")})
	enough := min(slots, senders) > copies
	c.add(dialect.Advice{Check: "replication_slots", OK: enough, Fatal: needed, Detail: fmt.Sprintf("%d replication slots and %d senders are free, and %s", max(slots, 0), max(senders, 0), either(copies == 1, "a copy takes two", fmt.Sprintf("%d copies take %d", copies, copies+1))),
		Fix: either(enough, "", moreSlots(copies))})
	c.add(dialect.Advice{Check: "replication_right", OK: may, Fatal: needed, Detail: either(may, c.user+" may read the log", c.user+" may not read the log"), Fix: either(may, "", "ALTER ROLE "+Quote(c.user)+" REPLICATION (RDS: GRANT rds_replication TO "+Quote(c.user)+")")})
}

// origins: what a run writes can be told from what applications do, by those who read the log.
func (c *checks) origins() {
	var may bool
	if !c.scan(mayMarkSQL, nil, &may) {
		return
	}
	c.add(dialect.Advice{Check: "replication_origin", OK: may, Detail: either(may, "a copy's own writes carry a replication origin in the log", c.user+" may not set a replication origin: who reads the log can't tell a copy's own writes from those of applications; nothing else depends on it"),
		Fix: either(may, "", "GRANT EXECUTE ON FUNCTION pg_replication_origin_create, pg_replication_origin_drop, pg_replication_origin_session_setup, pg_replication_origin_session_reset TO "+Quote(c.user))})
}

// retention: between two calls nobody reads a run's slot, and only the server's own settings bound what it keeps of the log.
func (c *checks) retention() {
	var keep, idle, held string
	var most float64
	if !c.scan(`SELECT pg_catalog.current_setting('max_slot_wal_keep_size'), coalesce(pg_catalog.current_setting('idle_replication_slot_timeout', true), '0'),
			coalesce(pg_catalog.string_agg(s.slot_name || CASE WHEN s.database = pg_catalog.current_database() THEN ' ' ELSE ' of database ' || s.database || ' ' END || pg_catalog.pg_size_pretty(`+slotHolds+`), ', ' ORDER BY s.slot_name), ''), coalesce(max(`+slotHolds+`), 0)::float8
		FROM pg_catalog.pg_replication_slots s WHERE s.slot_name ~ `+ownLog, nil, &keep, &idle, &held, &most) {
		return
	}
	c.add(dialect.Advice{Check: "slot_keep_size", OK: keep != "-1", Detail: "max_slot_wal_keep_size is " + keep + either(keep != "-1", "", ": a slot that nobody reads keeps the log until the disk is full, because phasemig drops its own at 10 GiB when it reads it, and not between two calls"),
		Fix: either(keep != "-1", "", "ALTER SYSTEM SET max_slot_wal_keep_size = '20GB', then SELECT pg_reload_conf()")})
	if idle != "0" {
		c.add(dialect.Advice{Check: "slot_idle_timeout", OK: true, Detail: "idle_replication_slot_timeout is " + idle + ": a copy whose calls lie further apart loses its slot, and is to be started anew; after the switch that shuts the way back"})
	}
	if held != "" {
		c.add(dialect.Advice{Check: "slots_held", OK: most < pgoutput.DefaultBudget, Detail: "of the log are held back: " + held,
			Fix: either(most < pgoutput.DefaultBudget, "", "call again, on its database, what the run stands at, which reads on or gives up; or phasemig rollback or abort, and phasemig cleanup")})
	}
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
