package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/schema"
)

// artifactsSQL finds marks. A trigger comes before the columns that it names. A
// hidden column or table holds the user's data: it gets its name back. A slot can't carry a
// comment, so its name is its mark, as pgoutput.Names makes it; who reads it is ended first.
const artifactsSQL = `SELECT kind, schema, tbl, name, mark, remove FROM (
	SELECT 1 AS o, 'trigger' AS kind, n.nspname AS schema, c.relname AS tbl, g.tgname AS name, d.description AS mark, json_build_array(format('DROP TRIGGER IF EXISTS %I ON %I.%I', g.tgname, n.nspname, c.relname)) AS remove
		FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_description d ON d.objoid = g.oid AND d.classoid = 'pg_trigger'::regclass
	UNION ALL SELECT 2, 'function', n.nspname, '', p.proname, d.description, json_build_array(format('DROP FUNCTION IF EXISTS %s', p.oid::regprocedure))
		FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_description d ON d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass
	UNION ALL SELECT 3, 'constraint', n.nspname, c.relname, k.conname, d.description, json_build_array(format('ALTER TABLE %I.%I DROP CONSTRAINT IF EXISTS %I', n.nspname, c.relname, k.conname))
		FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_description d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass
	UNION ALL SELECT 4, 'index', n.nspname, t.relname, c.relname, d.description, json_build_array(format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', n.nspname, c.relname))
		FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
	UNION ALL SELECT 5, 'statistics', n.nspname, t.relname, x.stxname, d.description, json_build_array(format('DROP STATISTICS IF EXISTS %I.%I', n.nspname, x.stxname))
		FROM pg_catalog.pg_statistic_ext x JOIN pg_catalog.pg_class t ON t.oid = x.stxrelid JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace
		JOIN pg_catalog.pg_description d ON d.objoid = x.oid AND d.classoid = 'pg_statistic_ext'::regclass
	UNION ALL SELECT CASE WHEN h.name IS NOT NULL THEN 6 ELSE 7 END, 'column', n.nspname, c.relname, a.attname, d.description,
		CASE WHEN h.name IS NOT NULL
			THEN json_build_array(format('ALTER TABLE %I.%I RENAME COLUMN %I TO %I', n.nspname, c.relname, a.attname, h.name),
				format('COMMENT ON COLUMN %I.%I.%I IS %L', n.nspname, c.relname, h.name, substring(d.description FROM E'^(.*)\nphasemig [0-9a-f]{12}: hidden column ')))
			ELSE json_build_array(format('ALTER TABLE %I.%I DROP COLUMN IF EXISTS %I', n.nspname, c.relname, a.attname)) END
		FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum,
			LATERAL (SELECT substring(d.description FROM 'phasemig [0-9a-f]{12}: hidden column (.*); undo: phasemig rollback') AS name) AS h WHERE a.attnum > 0 AND NOT a.attisdropped
	UNION ALL SELECT 8, 'slot', '', '', s.slot_name, 'phasemig ' || substring(s.slot_name FROM '^phasemig_([0-9a-f]{12})_[0-9]+(_[0-9]+)?(_back)?$') || ': keeps the log', json_build_array(
			format('SELECT pg_catalog.pg_terminate_backend(active_pid, 5000) FROM pg_catalog.pg_replication_slots WHERE slot_name = %L AND active_pid IS NOT NULL', s.slot_name),
			format('SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE slot_name = %L', s.slot_name))
		FROM pg_catalog.pg_replication_slots s WHERE s.database = pg_catalog.current_database()
	UNION ALL SELECT 10, 'schema', n.nspname, '', n.nspname, d.description, json_build_array(format('DROP SCHEMA IF EXISTS %I CASCADE', n.nspname))
		FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_description d ON d.objoid = n.oid AND d.classoid = 'pg_namespace'::regclass
	UNION ALL SELECT 11, 'table', n.nspname, c.relname, c.relname, d.description, json_build_array(format('DROP TABLE IF EXISTS %I.%I', n.nspname, c.relname))
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
		WHERE c.relkind = 'r' AND (n.nspname = 'phasemig' AND c.relname LIKE 'checkpoint\_%' OR d.description LIKE '%: columns moved from %')
	UNION ALL SELECT 13, 'view', n.nspname, '', c.relname, d.description, json_build_array(format('DROP VIEW IF EXISTS %I.%I', n.nspname, c.relname))
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0 WHERE c.relkind = 'v'
	UNION ALL SELECT 14, 'table', n.nspname, c.relname, c.relname, d.description, json_build_array(format('ALTER TABLE %I.%I RENAME TO %I', n.nspname, c.relname, h.name),
			format('COMMENT ON TABLE %I.%I IS %L', n.nspname, h.name, substring(d.description FROM E'^(.*)\nphasemig [0-9a-f]{12}: hidden table ')))
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0,
			LATERAL (SELECT substring(d.description FROM 'phasemig [0-9a-f]{12}: hidden table (.*); undo: phasemig rollback') AS name) AS h WHERE c.relkind IN ('r', 'p') AND h.name IS NOT NULL
	UNION ALL SELECT 9, 'publication', '', '', p.pubname, d.description, json_build_array(format('DROP PUBLICATION IF EXISTS %I', p.pubname))
		FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_description d ON d.objoid = p.oid AND d.classoid = 'pg_publication'::regclass
	UNION ALL SELECT 12, 'origin', '', '', r.roname, 'phasemig ' || substring(r.roname FROM '^phasemig_([0-9a-f]{12})_[0-9]+_[0-9]+$') || ': marks the writes of a run', json_build_array(
			format('SELECT pg_catalog.pg_replication_origin_drop(roname) FROM pg_catalog.pg_replication_origin WHERE roname = %L', r.roname)) FROM pg_catalog.pg_replication_origin r WHERE r.roname LIKE '%\_' || (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) || '\_%'
			AND pg_catalog.has_function_privilege('pg_catalog.pg_replication_origin_drop(text)', 'EXECUTE')
	) AS x WHERE mark ~ 'phasemig [0-9a-f]{12}: ' ORDER BY o, schema COLLATE "C", tbl COLLATE "C", name COLLATE "C"`

var markForm = regexp.MustCompile(`phasemig ([0-9a-f]{12}): `)

// Artifacts lists everything that carries a mark.
func (s *server) Artifacts(ctx context.Context) ([]dialect.Artifact, error) {
	rows, err := s.db.QueryContext(ctx, artifactsSQL)
	if err != nil {
		return nil, fmt.Errorf("list what phasemig made: %w", classify(err))
	}
	defer rows.Close()
	var out []dialect.Artifact
	for rows.Next() {
		var a dialect.Artifact
		var mark string
		var remove []byte
		if err := rows.Scan(&a.Kind, &a.Table.Schema, &a.Table.Name, &a.Name, &mark, &remove); err != nil {
			return nil, fmt.Errorf("list what phasemig made: %w", classify(err))
		}
		if a.Table.Name == "" {
			a.Table = schema.Ident{}
		}
		if m := markForm.FindStringSubmatch(mark); m != nil {
			a.Run = m[1]
		}
		if err := json.Unmarshal(remove, &a.Remove); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	if err := rows.Err(); err != nil {
		return nil, classify(err)
	}
	for i := range out {
		if out[i].Kind != "slot" {
			continue
		}
		if out[i].Detail, err = s.heldBack(ctx, out[i].Name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// slotHolds is what a slot keeps the server from throwing away, by the log's end as a replica, too, knows it.
const slotHolds = `greatest(pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, s.restart_lsn), 0)`

// heldBack says how much of the log a slot holds back.
func (s *server) heldBack(ctx context.Context, slot string) (string, error) {
	var text string
	err := s.db.QueryRowContext(ctx, `SELECT coalesce(max(CASE WHEN s.wal_status = 'lost' THEN 'has lost its part of the log' ELSE 'holds back ' || pg_catalog.pg_size_pretty(`+slotHolds+`) || ' of the log' || CASE WHEN s.active THEN '' ELSE ', and nobody reads it' END END), '')
		FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1`, slot).Scan(&text)
	if err != nil {
		return "", fmt.Errorf("look at slot %s: %w", slot, classify(err))
	}
	return text, nil
}
