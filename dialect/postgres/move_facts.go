package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// movedTables reads the tables that columns move to, and who has rights on those that they come from.
func (s *server) movedTables(ctx context.Context, c plans.Change, f *plans.Facts) error {
	for _, o := range c.Operations {
		if o.MoveColumns == nil {
			continue
		}
		from, err := s.Table(ctx, o.Table())
		if missing := new(plans.InputError); errors.As(err, &missing) {
			continue // Build says so
		}
		if err != nil {
			return err
		}
		id := schema.ParseIdent(o.MoveColumns.To)
		to, err := s.Table(ctx, id)
		if missing := new(plans.InputError); errors.As(err, &missing) {
			if id.Schema == "" {
				id.Schema = from.Schema
			}
			to, err = &schema.Table{Ident: id, Kind: schema.Absent}, nil
		}
		if err != nil {
			return err
		}
		if _, ok := f.Table(to.Ident); !ok {
			f.Tables = append(f.Tables, *to)
		}
		if err := s.rights(ctx, from.Ident, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) rights(ctx context.Context, id schema.Ident, f *plans.Facts) error {
	if slices.ContainsFunc(f.Rights, func(r plans.Rights) bool { return r.Table == id }) {
		return nil
	}
	r := plans.Rights{Table: id}
	err := s.db.QueryRowContext(ctx, "SELECT pg_catalog.pg_get_userbyid(relowner) FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1)::oid", relation(id)).Scan(&r.Owner)
	if err != nil {
		return fmt.Errorf("read whose %s is: %w", id, classify(err))
	}
	rows, err := s.db.QueryContext(ctx, `SELECT coalesce(r.rolname, 'PUBLIC'), a.privilege_type, a.is_grantable FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) AS a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
		WHERE c.oid = pg_catalog.to_regclass($1)::oid AND a.grantee <> c.relowner ORDER BY 1, 2`, relation(id))
	if err != nil {
		return fmt.Errorf("read the rights on %s: %w", id, classify(err))
	}
	defer rows.Close()
	for rows.Next() {
		var g schema.Grant
		if err := rows.Scan(&g.Grantee, &g.Privilege, &g.Grantable); err != nil {
			return classify(err)
		}
		r.Grants = append(r.Grants, g)
	}
	f.Rights = append(f.Rights, r)
	return classify(rows.Err())
}
