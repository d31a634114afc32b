package postgres

import (
	"context"
	"fmt"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// unmovable names what depends on a table and can't be made to depend on another one; "": nothing does.
func unmovable(ctx context.Context, q queryer, id schema.Ident) (string, error) {
	list, err := textRows(ctx, q, 1, `SELECT format('%s uses the table''s row type, which the new table has not', pg_describe_object(d.classid, d.objid, d.objsubid)) FROM pg_class c JOIN pg_type y ON y.oid = c.reltype
			JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid IN (y.oid, y.typarray) AND d.deptype = 'n' WHERE c.oid = to_regclass($1)::oid
		UNION ALL SELECT format('publication %s is of all tables: its subscribers would be sent the rows of the copy, which they have no table for', pubname) FROM pg_publication WHERE puballtables
		UNION ALL SELECT format('%s depends on the table', pg_describe_object(d.classid, d.objid, d.objsubid)) FROM pg_depend d
			WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1)::oid AND d.deptype = 'n'
			AND NOT (d.classid = 'pg_class'::regclass AND d.objid = d.refobjid) AND NOT EXISTS (SELECT 1 FROM pg_attrdef f WHERE d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid AND f.adrelid = d.refobjid)
			AND d.classid NOT IN ('pg_rewrite'::regclass, 'pg_constraint'::regclass, 'pg_policy'::regclass, 'pg_publication_rel'::regclass, 'pg_statistic_ext'::regclass, 'pg_trigger'::regclass)
		UNION ALL SELECT format('rule %s is on the table', w.rulename) FROM pg_rewrite w WHERE w.ev_class = to_regclass($1)::oid
		UNION ALL SELECT format('materialized view %s reads the table', m.oid::regclass) FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class m ON m.oid = w.ev_class AND m.relkind = 'm'
			WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1)::oid
		UNION ALL SELECT format('the table belongs to extension %s', e.extname) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
			WHERE d.classid = 'pg_class'::regclass AND d.objid = to_regclass($1)::oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		UNION ALL SELECT 'the table has a security label' FROM pg_seclabel l WHERE l.classoid = 'pg_class'::regclass AND l.objoid = to_regclass($1)::oid
		UNION ALL SELECT format('foreign key %s of partitioned table %s points at it, and such a key can''t be added without a look at every row', k.conname, k.conrelid::regclass)
			FROM pg_constraint k JOIN pg_class o ON o.oid = k.conrelid AND o.relkind = 'p' WHERE k.contype = 'f' AND k.confrelid = to_regclass($1)::oid AND o.oid <> k.confrelid
		LIMIT 1`, relation(id))
	if err != nil {
		return "", fmt.Errorf("look for what depends on %s: %w", id, classify(err))
	}
	if len(list) == 0 {
		return "", nil
	}
	return list[0][0], nil
}

// carriable looks once more: before anything is made, and under the lock of the exchange, where what was
// missed would go on reading the old table without a word.
func carriable(ctx context.Context, q queryer, id schema.Ident) error {
	why, err := unmovable(ctx, q, id)
	if err != nil {
		return err
	}
	if why != "" {
		return &plans.DriftError{What: "table " + id.String() + " can't be exchanged any more", Diff: []string{"+ " + why}}
	}
	return nil
}
