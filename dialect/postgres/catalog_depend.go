package postgres

import "github.com/phasemig/phasemig/schema"

// triggers reads the user's triggers and ours, in the order of their names, which
// is the order in which they fire. Foreign keys' own are left out. Body holds the
// function's text by its digest, so that a replaced function shows.
func (r *reader) triggers(t *schema.Table) error {
	return r.rows(&t.Triggers, `SELECT g.tgname AS name,
		CASE WHEN g.tgtype & 2 = 2 THEN 'BEFORE' WHEN g.tgtype & 64 = 64 THEN 'INSTEAD OF' ELSE 'AFTER' END AS timing,
		concat_ws(' OR ', CASE WHEN g.tgtype & 4 = 4 THEN 'INSERT' END, CASE WHEN g.tgtype & 8 = 8 THEN 'DELETE' END, CASE WHEN g.tgtype & 16 = 16 THEN 'UPDATE' END,
			CASE WHEN g.tgtype & 32 = 32 THEN 'TRUNCATE' END) AS event,
		g.tgenabled::text AS enabled, pg_get_userbyid(p.proowner) AS definer,
		pg_get_triggerdef(g.oid) || ' -- ' || md5(p.prosrc || coalesce(p.proconfig::text, '')) AS body, coalesce(obj_description(g.oid, 'pg_trigger'), '') AS comment, row_number() OVER (ORDER BY g.tgname COLLATE "C") AS "order"
		FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid WHERE g.tgrelid = $1 AND NOT g.tgisinternal ORDER BY g.tgname COLLATE "C"`)
}

// dependents reads what names columns of the table: through pg_depend, where
// every parsed expression is recorded. Publications of our own runs are none. The text of functions in other languages
// names columns too; nothing records that.
func (r *reader) dependents(t *schema.Table) error {
	var list []schema.Dependent
	err := r.rows(&list, `SELECT kind, name, json_agg(DISTINCT a.attname) FILTER (WHERE a.attname IS NOT NULL) AS columns FROM (
		SELECT CASE WHEN w.ev_class = $1 THEN 'rule' WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'view' END AS kind,
			CASE WHEN w.ev_class = $1 THEN w.rulename ELSE c.oid::regclass::text END AS name, d.refobjsubid AS attnum
			FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class c ON c.oid = w.ev_class
			WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1
		UNION ALL SELECT 'policy', p.polname, d.refobjsubid FROM pg_policy p LEFT JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
			AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid > 0 WHERE p.polrelid = $1
				OR EXISTS (SELECT 1 FROM pg_depend x WHERE x.classid = 'pg_policy'::regclass AND x.objid = p.oid AND x.refclassid = 'pg_class'::regclass AND x.refobjid = $1)
		UNION ALL SELECT 'trigger', g.tgname, d.refobjsubid FROM pg_depend d JOIN pg_trigger g ON g.oid = d.objid AND NOT g.tgisinternal
			WHERE d.classid = 'pg_trigger'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid > 0
		UNION ALL SELECT 'generated column', a.attname, d.refobjsubid FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
			WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid <> a.attnum AND a.attgenerated <> '' AND f.adrelid = $1
		UNION ALL SELECT 'generated column', a.attname, d.refobjsubid FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid
			WHERE d.classid = 'pg_class'::regclass AND d.objid = $1 AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid > 0 AND a.attgenerated <> '' AND d.refobjsubid <> a.attnum
		UNION ALL SELECT 'function', p.oid::regprocedure::text, d.refobjsubid FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
			WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid > 0
		UNION ALL SELECT 'publication', b.pubname, d.refobjsubid FROM pg_depend d JOIN pg_publication_rel l ON l.oid = d.objid JOIN pg_publication b ON b.oid = l.prpubid AND b.pubname !~ `+ownLog+`
			WHERE d.classid = 'pg_publication_rel'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid > 0
		UNION ALL SELECT 'publication', v.pubname, 0 FROM pg_publication_tables v WHERE (v.schemaname, v.tablename) = (SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1) AND v.pubname !~ `+ownLog+`
		UNION ALL SELECT 'partition key', c.relname, d.refobjsubid FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'p'
			WHERE d.classid = 'pg_class'::regclass AND d.objid = $1 AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.objsubid = 0 AND d.refobjsubid > 0
		) AS u LEFT JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = u.attnum AND u.attnum > 0 GROUP BY kind, name ORDER BY kind COLLATE "C", name COLLATE "C"`)
	t.Dependents = append(t.Dependents, list...)
	return err
}

// grants reads privileges that were given on single columns.
func (r *reader) grants(t *schema.Table) error {
	return r.rows(&t.Grants, `SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee) END AS grantee, a.attname AS column,
		x.privilege_type AS privilege, x.is_grantable AS grantable
		FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) AS x WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY a.attnum, 1, 3`)
}

// statistics reads the extended statistics objects.
func (r *reader) statistics(t *schema.Table) error {
	return r.rows(&t.Statistics, `SELECT x.stxname AS name, pg_get_statisticsobjdef(x.oid) AS definition, (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
		WHERE a.attrelid = $1 AND a.attnum > 0 AND (a.attnum = ANY (x.stxkeys) OR EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_statistic_ext'::regclass
			AND d.objid = x.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = a.attnum))) AS uses
		FROM pg_statistic_ext x WHERE x.stxrelid = $1 ORDER BY x.stxname COLLATE "C"`)
}

// settings reads what is set on the table as a whole, as clauses of ALTER TABLE, in an order
// in which they can be run on another table.
func (r *reader) settings(t *schema.Table) error {
	var list []struct{ Clause string }
	err := r.rows(&list, `SELECT x.clause AS "Clause" FROM (
		SELECT 1 AS n, 'SET (' || array_to_string(c.reloptions, ', ') || ')' AS clause FROM pg_class c WHERE c.oid = $1 AND c.reloptions IS NOT NULL
		UNION ALL SELECT 2, 'SET (' || (SELECT string_agg('toast.' || o, ', ') FROM unnest(s.reloptions) AS o) || ')' FROM pg_class c JOIN pg_class s ON s.oid = c.reltoastrelid WHERE c.oid = $1 AND s.reloptions IS NOT NULL
		UNION ALL SELECT 3, 'SET TABLESPACE ' || quote_ident(p.spcname) FROM pg_class c JOIN pg_tablespace p ON p.oid = c.reltablespace WHERE c.oid = $1
		UNION ALL SELECT 4, CASE c.relreplident WHEN 'f' THEN 'REPLICA IDENTITY FULL' WHEN 'n' THEN 'REPLICA IDENTITY NOTHING'
			WHEN 'i' THEN 'REPLICA IDENTITY USING INDEX ' || (SELECT '"' || replace(x.relname, '"', '""') || '"' FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisreplident) END
			FROM pg_class c WHERE c.oid = $1 AND c.relreplident <> 'd'
		UNION ALL SELECT 5, 'CLUSTER ON ' || quote_ident(x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = $1 AND i.indisclustered
		) AS x WHERE x.clause IS NOT NULL ORDER BY x.n`)
	for _, c := range list {
		t.Settings = append(t.Settings, c.Clause)
	}
	return err
}
