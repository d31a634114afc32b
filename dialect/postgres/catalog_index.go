package postgres

import "github.com/phasemig/phasemig/schema"

type indexRow struct {
	Name, Method, Definition, Predicate, Comment string
	ConstraintComment, Of                        string
	Unique, Primary, Constraint, Invalid         bool
	NullsEqual, Identity                         bool
	Parts                                        []indexPart
	Include, Uses                                []string
}

type indexPart struct {
	Column     string
	Definition string
	Desc       bool
	NullsFirst bool
	Odd        bool // another operator class or collation than the column's own: its order isn't that of <
}

// indexes reads the indexes. A key part that isn't a plain column in the
// column's own order stands as an expression: nothing that walks by < may use it.
func (r *reader) indexes(t *schema.Table) error {
	var list []indexRow
	err := r.rows(&list, `SELECT c.relname AS "Name", m.amname AS "Method", pg_get_indexdef(i.indexrelid) || coalesce((SELECT E'\n' || CASE WHEN k.condeferred THEN 'DEFERRABLE INITIALLY DEFERRED' ELSE 'DEFERRABLE' END
			FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u') AND k.condeferrable), '') AS "Definition",
		coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS "Predicate", coalesce(obj_description(c.oid, 'pg_class'), '') AS "Comment",
		coalesce((SELECT obj_description(k.oid, 'pg_constraint') FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')), '') AS "ConstraintComment",
		i.indisunique AS "Unique", i.indisprimary AS "Primary", EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')) AS "Constraint",
		NOT (i.indisvalid AND i.indisready AND i.indislive) AS "Invalid", `+r.since(150000, "i.indnullsnotdistinct", "false")+` AS "NullsEqual",
		i.indisreplident AS "Identity", coalesce((SELECT o.relname FROM pg_inherits h JOIN pg_class o ON o.oid = h.inhparent WHERE h.inhrelid = i.indexrelid), '') AS "Of",
		(SELECT json_agg(json_build_object('Column', coalesce(a.attname, ''), 'Definition', pg_get_indexdef(i.indexrelid, p.n, false), 'Desc', i.indoption[p.n - 1] & 1 = 1,
				'NullsFirst', i.indoption[p.n - 1] & 2 = 2, 'Odd', m.amname = 'btree' AND NOT o.opcdefault OR i.indcollation[p.n - 1] <> coalesce(a.attcollation, i.indcollation[p.n - 1])) ORDER BY p.n)
			FROM generate_series(1, i.indnkeyatts) AS p(n) LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p.n - 1] AND a.attnum > 0
			JOIN pg_opclass o ON o.oid = i.indclass[p.n - 1]) AS "Parts",
		(SELECT json_agg(a.attname ORDER BY p.n) FROM generate_series(i.indnkeyatts + 1, i.indnatts) AS p(n) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p.n - 1]) AS "Include",
		(SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (a.attnum = ANY (i.indkey) OR EXISTS
			(SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))) AS "Uses"
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam WHERE i.indrelid = $1 ORDER BY c.relname COLLATE "C"`)
	for _, x := range list {
		t.Indexes = append(t.Indexes, x.index())
		if x.Identity {
			t.Dependents = append(t.Dependents, schema.Dependent{Kind: "replica identity", Name: x.Name, Columns: x.Uses})
		}
	}
	return err
}

func (x indexRow) index() schema.Index {
	out := schema.Index{Name: x.Name, Include: x.Include, Unique: x.Unique, Primary: x.Primary, Constraint: x.Constraint, Method: x.Method,
		Predicate: x.Predicate, Definition: x.Definition, Comment: x.Comment, ConstraintComment: x.ConstraintComment, Invalid: x.Invalid, NullsEqual: x.NullsEqual, Uses: x.Uses, Of: x.Of}
	for _, p := range x.Parts {
		c := schema.IndexColumn{Name: p.Column, Descending: p.Desc, NullsFirst: p.NullsFirst}
		if p.Column == "" || p.Odd {
			c.Name, c.Expression = "", p.Definition
		}
		out.Columns = append(out.Columns, c)
	}
	return out
}

type constraintRow struct {
	Name, Type, Definition, RefSchema, RefTable string
	OnDelete, OnUpdate, Comment                 string
	NotValid, Incoming                          bool
	Columns, RefColumns                         []string
}

// constraints reads checks, foreign keys of both directions and exclusions.
// Unique and primary keys are indexes; NOT NULL is the column's, but for one that
// isn't validated, which PostgreSQL 18 has. A foreign key to a partitioned table has
// one more for each partition, which are that key's own.
func (r *reader) constraints(t *schema.Table) error {
	var list []constraintRow
	err := r.rows(&list, `SELECT k.conname AS "Name", k.contype::text AS "Type", pg_get_constraintdef(k.oid) AS "Definition", NOT k.convalidated AS "NotValid",
		k.conrelid <> $1 OR w.incoming AS "Incoming", coalesce(n.nspname, '') AS "RefSchema", coalesce(f.relname, '') AS "RefTable",
		coalesce(obj_description(k.oid, 'pg_constraint'), '') AS "Comment",
		CASE WHEN k.contype = 'f' THEN CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END ELSE '' END AS "OnDelete",
		CASE WHEN k.contype = 'f' THEN CASE k.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END ELSE '' END AS "OnUpdate",
		(SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(CASE WHEN w.incoming THEN k.confkey ELSE k.conkey END) WITH ORDINALITY AS u(attnum, n)
			JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = u.attnum) AS "Columns",
		(SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(CASE WHEN w.incoming THEN k.conkey ELSE k.confkey END) WITH ORDINALITY AS u(attnum, n)
			JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum = u.attnum) AS "RefColumns"
		FROM pg_constraint k CROSS JOIN (VALUES (false), (true)) AS w(incoming)
		LEFT JOIN pg_class f ON f.oid = CASE WHEN w.incoming THEN k.conrelid ELSE nullif(k.confrelid, 0) END LEFT JOIN pg_namespace n ON n.oid = f.relnamespace
		WHERE (k.contype IN ('c', 'f', 'x') OR k.contype = 'n' AND NOT k.convalidated) AND CASE WHEN w.incoming THEN k.contype = 'f' AND k.confrelid = $1 ELSE k.conrelid = $1 END
			AND NOT EXISTS (SELECT 1 FROM pg_constraint o WHERE o.oid = k.conparentid AND o.conrelid = k.conrelid)
		ORDER BY k.conname COLLATE "C", w.incoming, n.nspname COLLATE "C", f.relname COLLATE "C"`)
	for _, k := range list {
		t.Constraints = append(t.Constraints, k.constraint())
	}
	return err
}

func (k constraintRow) constraint() schema.Constraint {
	kind := map[string]schema.ConstraintKind{"c": schema.Check, "n": schema.Check, "f": schema.ForeignKey, "x": schema.Exclusion}[k.Type]
	return schema.Constraint{Name: k.Name, Kind: kind, Columns: k.Columns, Definition: k.Definition, Ref: schema.Ident{Schema: k.RefSchema, Name: k.RefTable},
		RefColumns: k.RefColumns, OnDelete: k.OnDelete, OnUpdate: k.OnUpdate, NotValid: k.NotValid, Incoming: k.Incoming, Comment: k.Comment}
}
