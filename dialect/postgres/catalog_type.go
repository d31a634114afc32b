package postgres

import (
	"database/sql"
	"errors"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// findType looks for an enum type or a domain where no relation has the name: the two share their names in a schema.
func (r *reader) findType(id *schema.Ident) error {
	err := r.tx.QueryRowContext(r.ctx, `SELECT t.oid, n.nspname, t.typname, CASE t.typtype WHEN 'e' THEN $2 ELSE $3 END FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
		WHERE t.oid = pg_catalog.to_regtype($1)::oid AND t.typtype IN ('d', 'e')`, relation(*id), schema.EnumType, schema.Domain).Scan(&r.oid, &id.Schema, &id.Name, &r.kind)
	if errors.Is(err, sql.ErrNoRows) {
		return &plans.InputError{What: "table " + id.String(), Reason: "there is no such table or type, or no right to see its schema"}
	}
	return err
}

// describeType reads a type as if it were a table: an enum has labels, a domain one column that is what it allows.
func (r *reader) describeType(t *schema.Table) error {
	t.Kind = r.kind
	var comment sql.NullString
	if err := r.tx.QueryRowContext(r.ctx, "SELECT obj_description($1, 'pg_type')", r.oid).Scan(&comment); err != nil {
		return err
	}
	t.Comment = comment.String
	if r.kind == schema.EnumType {
		return r.labels(t)
	}
	if err := r.domain(t); err != nil {
		return err
	}
	return r.domainChecks(t)
}

func (r *reader) labels(t *schema.Table) error {
	var list []struct{ Label string }
	err := r.rows(&list, `SELECT e.enumlabel AS "Label" FROM pg_enum e WHERE e.enumtypid = $1 ORDER BY e.enumsortorder`)
	for _, l := range list {
		t.Labels = append(t.Labels, l.Label)
	}
	return err
}

func (r *reader) domain(t *schema.Table) error {
	var list []columnRow
	err := r.rows(&list, `SELECT 'VALUE' AS "Name", format_type(y.typbasetype, y.typtypmod) AS "Type", b.typcategory AS "Category", b.typname AS "Base", NOT y.typnotnull AS "Nullable", y.typdefault AS "Default",
		CASE WHEN y.typcollation <> b.typcollation THEN coalesce((SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname) FROM pg_collation c
			JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid = y.typcollation), '') ELSE '' END AS "Collation"
		FROM pg_type y JOIN pg_type b ON b.oid = y.typbasetype WHERE y.oid = $1`)
	for _, c := range list {
		t.Columns = append(t.Columns, c.column())
	}
	return err
}

func (r *reader) domainChecks(t *schema.Table) error {
	var list []constraintRow
	err := r.rows(&list, `SELECT k.conname AS "Name", 'c' AS "Type", pg_get_constraintdef(k.oid) AS "Definition", NOT k.convalidated AS "NotValid", coalesce(obj_description(k.oid, 'pg_constraint'), '') AS "Comment"
		FROM pg_constraint k WHERE k.contypid = $1 AND k.contype = 'c' ORDER BY k.conname COLLATE "C"`)
	for _, k := range list {
		t.Constraints = append(t.Constraints, k.constraint())
	}
	return err
}
