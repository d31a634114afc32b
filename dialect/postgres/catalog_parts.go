package postgres

import "github.com/phasemig/phasemig/schema"

// partitions reads those of a partitioned table, with what indexes they have that back no constraint.
func (r *reader) partitions(t *schema.Table) error {
	if t.Kind != schema.PartitionedTable {
		return nil
	}
	var list []struct {
		schema.Ident
		Of            schema.Ident
		Kind, Written string
		Indexes       []indexRow
		NotNull       []string
	}
	err := r.rows(&list, `SELECT n.nspname AS schema, c.relname AS name, json_build_object('schema', pn.nspname, 'name', pc.relname) AS "Of", format('%I.%I', n.nspname, c.relname) AS "Written",
		CASE c.relkind WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS "Kind",
		(SELECT json_agg(json_build_object('Name', x.relname, 'Definition', pg_get_indexdef(i.indexrelid), 'Comment', coalesce(obj_description(x.oid, 'pg_class'), ''), 'Unique', i.indisunique, 'Invalid', NOT (i.indisvalid AND i.indisready AND i.indislive),
				'Of', coalesce((SELECT o.relname FROM pg_inherits h JOIN pg_class o ON o.oid = h.inhparent WHERE h.inhrelid = i.indexrelid), '')) ORDER BY x.relname COLLATE "C")
			FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))) AS "Indexes",
		(SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull) AS "NotNull"
		FROM pg_partition_tree($1::oid::regclass) AS t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class pc ON pc.oid = t.parentrelid JOIN pg_namespace pn ON pn.oid = pc.relnamespace
		WHERE t.level > 0 ORDER BY t.level, n.nspname COLLATE "C", c.relname COLLATE "C"`)
	for _, p := range list {
		part := schema.Partition{Ident: p.Ident, Of: p.Of, Kind: p.Kind, Written: p.Written, NotNull: p.NotNull}
		for _, x := range p.Indexes {
			part.Indexes = append(part.Indexes, x.index())
		}
		t.Partitions = append(t.Partitions, part)
	}
	return err
}
