package postgres

import (
	"context"
	"fmt"
)

// belongings are the statements that give views which were made anew all that the dropped ones had: comments, defaults, owner,
// rights, rules and triggers. They are written by the server while the views are still there.
func belongings(ctx context.Context, q queryer, list []view) ([]string, error) {
	out, err := lines(ctx, q, belongingsSQL, oidsOf(list))
	if err != nil {
		return nil, fmt.Errorf("read what belongs to views: %w", classify(err))
	}
	return out, nil
}

func oidsOf(list []view) []string {
	out := []string{}
	for _, x := range list {
		out = append(out, x.oid)
	}
	return out
}

// lines reads a column of text.
func lines(ctx context.Context, q queryer, query string, args ...any) ([]string, error) {
	list, err := textRows(ctx, q, 1, query, args...)
	var out []string
	for _, r := range list {
		out = append(out, r[0])
	}
	return out, err
}

// belongingsSQL takes the rights away first that default privileges have given, the owner's too, and then gives those that were there. That is
// done after the owner is what it was, since it is the owner who gives them.
const belongingsSQL = `WITH v AS (SELECT c.*, format('%I.%I', s.nspname, c.relname) AS name, x.n FROM unnest($1::oid[]) WITH ORDINALITY AS x (oid, n) JOIN pg_class c ON c.oid = x.oid JOIN pg_namespace s ON s.oid = c.relnamespace),
	acl AS (SELECT v.name, '' AS col, x.* FROM v, aclexplode(v.relacl) AS x
		UNION ALL SELECT v.name, ' (' || quote_ident(a.attname) || ')', x.* FROM v JOIN pg_attribute a ON a.attrelid = v.oid AND NOT a.attisdropped, aclexplode(a.attacl) AS x)
	SELECT line FROM (
	SELECT 1 AS o, v.n, '' AS t, format('COMMENT ON VIEW %s IS %L', name, obj_description(oid, 'pg_class')) AS line FROM v WHERE obj_description(oid, 'pg_class') IS NOT NULL
	UNION ALL SELECT 1, v.n, a.attname, format('COMMENT ON COLUMN %s.%I IS %L', v.name, a.attname, col_description(v.oid, a.attnum)) FROM v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0 WHERE col_description(v.oid, a.attnum) IS NOT NULL
	UNION ALL SELECT 1, v.n, a.attname, format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', v.name, a.attname, pg_get_expr(d.adbin, d.adrelid)) FROM v JOIN pg_attrdef d ON d.adrelid = v.oid JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum = d.adnum
	UNION ALL SELECT 2, v.n, r.rulename, pg_get_ruledef(r.oid) FROM v JOIN pg_rewrite r ON r.ev_class = v.oid AND r.ev_type <> '1'
	UNION ALL SELECT 3, v.n, r.rulename, format('COMMENT ON RULE %I ON %s IS %L', r.rulename, v.name, obj_description(r.oid, 'pg_rewrite')) FROM v JOIN pg_rewrite r ON r.ev_class = v.oid AND r.ev_type <> '1' WHERE obj_description(r.oid, 'pg_rewrite') IS NOT NULL
	UNION ALL SELECT 2, v.n, g.tgname, pg_get_triggerdef(g.oid) FROM v JOIN pg_trigger g ON g.tgrelid = v.oid AND NOT g.tgisinternal
	UNION ALL SELECT 3, v.n, g.tgname, format('COMMENT ON TRIGGER %I ON %s IS %L', g.tgname, v.name, obj_description(g.oid, 'pg_trigger')) FROM v JOIN pg_trigger g ON g.tgrelid = v.oid AND NOT g.tgisinternal WHERE obj_description(g.oid, 'pg_trigger') IS NOT NULL
	UNION ALL SELECT 4, v.n, '', format('ALTER VIEW %s OWNER TO %I', v.name, pg_get_userbyid(v.relowner)) FROM v
	UNION ALL SELECT 5, v.n, '', format($do$DO $x$ DECLARE r text; BEGIN FOR r IN SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
		FROM pg_class c, aclexplode(%s) AS a WHERE c.oid = %L::regclass LOOP EXECUTE 'REVOKE ALL ON TABLE ' || %L || ' FROM ' || r; END LOOP; END $x$$do$,
		CASE WHEN v.relacl IS NULL THEN 'c.relacl' ELSE 'coalesce(c.relacl, acldefault(''r'', c.relowner))' END, v.name, v.name) FROM v
	UNION ALL SELECT 6, 0, acl.name || acl.col || acl.grantee, format('GRANT %s%s ON TABLE %s TO %s%s', acl.privilege_type, acl.col, acl.name, CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END,
		CASE WHEN acl.is_grantable AND acl.grantee <> acl.grantor THEN ' WITH GRANT OPTION' ELSE '' END) FROM acl
	UNION ALL SELECT 6, v.n, '', format($do$DO $x$ BEGIN IF (SELECT c.relacl IS NOT NULL FROM pg_class c WHERE c.oid = %L::regclass) THEN EXECUTE 'GRANT ALL ON TABLE ' || %L || ' TO ' || quote_ident(%L); END IF; END $x$$do$, v.name, v.name, pg_get_userbyid(v.relowner)) FROM v WHERE v.relacl IS NULL
	) AS x ORDER BY o, n, t, line`

// notComputed is why what isn't one column for one stops at a view.
const notComputed = "what it shows would have to be computed from the new columns, and it would take no writes to them any more: drop it, and make it again on the new columns when code has moved"

// againstViews names what keeps views from being made anew. Whatever depends on one that has to be dropped would be dropped with it, and the
// server writes it down for no other place.
func againstViews(ctx context.Context, q queryer, m *moves, list []view) ([]string, error) {
	out, err := lines(ctx, q, againstSQL, oidsOf(list), m.anew, relation(m.table), m.columns)
	if err != nil {
		return nil, fmt.Errorf("look for what depends on views of %s: %w", m.table, classify(err))
	}
	return out, nil
}

const againstSQL = `WITH v AS (SELECT c.*, format('%I.%I', s.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[]))
	SELECT line FROM (
	SELECT format('materialized view %s reads it: drop it, and make it again after the change', name) AS line FROM v WHERE relkind = 'm'
	UNION ALL SELECT format('view %s is temporary and goes with its session', name) FROM v WHERE relpersistence = 't'
	UNION ALL SELECT format('view %s belongs to %s, whose rights this user has not: GRANT %2$I TO %I', name, pg_get_userbyid(relowner), current_user) FROM v WHERE NOT pg_has_role(relowner, 'USAGE')
	UNION ALL SELECT format('rule %s on %s names the column: drop it, and make it again after the change', quote_ident(w.rulename), w.ev_class::regclass) FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_type <> '1'
		JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attname = ANY ($4::text[])
		WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($3)::oid AND NOT ($2 AND w.ev_class = ANY ($1::oid[]))
	UNION ALL SELECT format('view %s belongs to %s, who may not make it again: GRANT CREATE ON SCHEMA %I TO %2$I', name, pg_get_userbyid(relowner), relnamespace::regnamespace) FROM v
		WHERE $2 AND NOT has_schema_privilege(relowner, relnamespace, 'CREATE') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
	UNION ALL SELECT format('%s depends on view %s: drop it, and make it again after the change', pg_describe_object(d.classid, d.objid, d.objsubid), v.name) FROM v JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid AND d.deptype <> 'i'
		WHERE $2 AND NOT EXISTS (SELECT 1 FROM pg_rewrite w WHERE d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.ev_class = ANY ($1::oid[]))
			AND NOT EXISTS (SELECT 1 FROM pg_trigger g WHERE d.classid = 'pg_trigger'::regclass AND g.oid = d.objid AND g.tgrelid = ANY ($1::oid[]))
			AND NOT EXISTS (SELECT 1 FROM pg_attrdef f WHERE d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid AND f.adrelid = ANY ($1::oid[]))
	UNION ALL SELECT format('%s uses the row type of view %s: drop it, and make it again after the change', pg_describe_object(d.classid, d.objid, d.objsubid), v.name) FROM v JOIN pg_type y ON y.oid = v.reltype
		JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid IN (y.oid, y.typarray) AND d.deptype = 'n'
		WHERE $2 AND NOT EXISTS (SELECT 1 FROM pg_rewrite w WHERE d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.ev_class = ANY ($1::oid[]))
	UNION ALL SELECT format('view %s belongs to extension %s', v.name, e.extname) FROM v JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = v.oid AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid WHERE $2
	UNION ALL SELECT format('view %s has a security label', v.name) FROM v WHERE $2 AND EXISTS (SELECT 1 FROM pg_seclabel l WHERE l.classoid = 'pg_class'::regclass AND l.objoid = v.oid)
	UNION ALL SELECT format('rights on view %s were given by %s, who is not its owner: give them as the owner', v.name, pg_get_userbyid(x.grantor)) FROM v,
		LATERAL (SELECT x.grantor FROM aclexplode(v.relacl) AS x UNION SELECT x.grantor FROM pg_attribute a, aclexplode(a.attacl) AS x WHERE a.attrelid = v.oid AND NOT a.attisdropped) AS x WHERE $2 AND x.grantor <> v.relowner
	) AS x ORDER BY line COLLATE "C"`
