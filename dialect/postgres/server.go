package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// identitySQL names the cluster, its timeline and the database. The timeline
// comes from the running log on a primary, since the control file learns of a
// promotion only at the next checkpoint.
const identitySQL = `SELECT pg_catalog.format('%s/%s/%s', c.system_identifier,
	CASE WHEN pg_catalog.pg_is_in_recovery() THEN (SELECT k.timeline_id::text FROM pg_catalog.pg_control_checkpoint() k)
		ELSE ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int::text END,
	(SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
	FROM pg_catalog.pg_control_system() c`

// identity changes when this is another server, another timeline or another
// database.
func (s *server) identity(ctx context.Context) (string, error) {
	var id string
	if err := s.db.QueryRowContext(ctx, identitySQL).Scan(&id); err != nil {
		return "", fmt.Errorf("read the server's identity: %w", classify(err))
	}
	return id, nil
}

// Info describes the server as it is now.
func (s *server) Info(ctx context.Context) (schema.Server, error) {
	v := schema.Server{Product: "PostgreSQL"}
	var num int
	err := s.db.QueryRowContext(ctx, `SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num')::int,
		pg_catalog.current_database(), current_user`).Scan(&v.Version, &num, &v.Database, &v.User)
	if err != nil {
		return v, fmt.Errorf("read the server's version: %w", classify(err))
	}
	if v.Identity, err = s.identity(ctx); err != nil {
		return v, err
	}
	if v.Managed, err = s.managed(ctx); err != nil {
		return v, err
	}
	v.Number = num
	v.Can = schema.Features{
		InstantAddColumn:     true,
		RenameColumn:         true,
		SkipLocked:           true,
		NotValidNotNull:      num >= 180000,
		ProvesNotNull:        true,
		CheckConstraints:     true,
		FillsNotNullInSelect: true,
		TransactionalDDL:     true,
	}
	return v, nil
}

// managedBy tells hosted services by the role that each gives its customers in
// place of a superuser.
var managedBy = []struct{ role, name string }{
	{"rds_superuser", "rds"}, {"cloudsqlsuperuser", "cloudsql"}, {"azure_pg_admin", "azure"}, {"alloydbsuperuser", "alloydb"}, {"neon_superuser", "neon"},
	{"supabase_admin", "supabase"}, {"doadmin", "digitalocean"}, {"avnadmin", "aiven"},
}

func (s *server) managed(ctx context.Context) (string, error) {
	var roles string
	err := s.db.QueryRowContext(ctx, `SELECT coalesce(pg_catalog.string_agg(rolname, ','), '') FROM pg_catalog.pg_roles
		WHERE rolname = ANY ($1)`, managedRoles()).Scan(&roles)
	if err != nil {
		return "", fmt.Errorf("look for a managed service: %w", classify(err))
	}
	for _, m := range managedBy {
		for _, r := range strings.Split(roles, ",") {
			if r == m.role {
				return m.name, nil
			}
		}
	}
	return "", nil
}

func managedRoles() []string {
	var out []string
	for _, m := range managedBy {
		out = append(out, m.role)
	}
	return out
}

// Position is the end of the log. A commit that was just made lies before it.
func (s *server) Position(ctx context.Context) (string, error) {
	var lsn string
	if err := s.db.QueryRowContext(ctx, "SELECT pg_catalog.pg_current_wal_insert_lsn()::text").Scan(&lsn); err != nil {
		return "", fmt.Errorf("read the log's position: %w", classify(err))
	}
	return lsn, nil
}
