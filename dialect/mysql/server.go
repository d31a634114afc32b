package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// Info reads who the server is and what it can do.
func (s *server) Info(ctx context.Context) (schema.Server, error) {
	vars, err := s.variables(ctx, s.db)
	if err != nil {
		return schema.Server{}, fmt.Errorf("read the server's settings: %w", classify(err))
	}
	v := schema.Server{Version: vars["version"], Product: "MySQL", Database: s.config.DBName}
	if strings.Contains(strings.ToLower(v.Version+vars["version_comment"]), "mariadb") {
		v.Product = "MariaDB"
	}
	v.Number = versionNumber(v.Version)
	v.Can = features(v)
	v.Can.LogsCascades = strings.EqualFold(vars["innodb_native_foreign_keys"], "OFF")
	v.Identity = identity(vars)
	v.Managed = managed(vars)
	v.Modes = "lower_case_table_names=" + vars["lower_case_table_names"]
	if err := s.db.QueryRowContext(ctx, "SELECT CURRENT_USER()").Scan(&v.User); err != nil {
		return schema.Server{}, fmt.Errorf("read the account: %w", classify(err))
	}
	return v, nil
}

// dialectName is what plans call the server.
func dialectName(v schema.Server) string { return strings.ToLower(v.Product) }

// mariadb is asked only where a capability is made of it, or where the servers
// have different words for the same thing.
func mariadb(v schema.Server) bool { return v.Product == "MariaDB" }

// querier is a pool, a connection or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// variables reads the global settings that matter here; those that the server
// lacks are missing.
func (s *server) variables(ctx context.Context, q querier) (map[string]string, error) {
	rows, err := q.QueryContext(ctx, `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'version_comment', 'server_uuid', 'server_id', 'hostname', 'port',
		'datadir', 'basedir', 'gtid_domain_id', 'gtid_mode', 'read_only', 'super_read_only', 'innodb_read_only', 'lower_case_table_names', 'log_bin', 'binlog_format',
		'binlog_row_image', 'binlog_row_value_options', 'binlog_order_commits', 'log_bin_trust_function_creators', 'wsrep_on', 'wsrep_provider', 'group_replication_single_primary_mode', 'group_replication_group_name',
		'aurora_version', 'innodb_native_foreign_keys', 'sql_mode', 'feedback_server_uid', 'innodb_redo_log_capacity', 'innodb_log_file_size', 'server_uid')`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, rows.Err()
}

var numbers = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)`)

func versionNumber(version string) int {
	version = strings.TrimPrefix(version, "5.5.5-") // MariaDB's handshake prefix
	m := numbers.FindStringSubmatch(version)
	if m == nil {
		return 0
	}
	part := func(i int) int { n, _ := strconv.Atoi(m[i]); return n } // digits only: can't fail
	return part(1)*10000 + part(2)*100 + part(3)
}

// features turns the version into capabilities: there is no way to ask for these.
func features(v schema.Server) schema.Features {
	since := func(mysql, maria int) bool {
		if mariadb(v) {
			return maria > 0 && v.Number >= maria
		}
		return mysql > 0 && v.Number >= mysql
	}
	return schema.Features{
		InvisibleColumns:     since(80023, 100300),
		InstantAddColumn:     since(80012, 100300),
		InstantAddAnywhere:   since(80029, 100400),
		InstantDropColumn:    since(80029, 100400),
		InstantRenameColumn:  since(80028, 100502),
		RenameColumn:         since(80003, 100502),
		SkipLocked:           since(80001, 100600),
		CheckConstraints:     since(80016, 100201),
		InstantColumnCheck:   since(0, 100400),
		FillsNotNullInSelect: since(80001, 0),
		InvisibleNotNull:     since(80023, 0),
		AddBeforeVirtual:     since(80029, 0),
		SwapsUnderLock:       since(80013, 0),
	}
}

// identity is the server's own unique id where it has one. MariaDB has none, so
// everything that a copy on another machine would have of its own is joined.
func identity(vars map[string]string) string {
	if id := vars["server_uuid"]; id != "" {
		return id
	}
	return fmt.Sprintf("%s %s:%s%s server_id=%s domain=%s", vars["server_uid"], vars["hostname"], vars["port"], vars["datadir"], vars["server_id"], vars["gtid_domain_id"])
}

func (s *server) identity(ctx context.Context) (string, error) {
	vars, err := s.variables(ctx, s.db)
	if err != nil {
		return "", fmt.Errorf("read the server's identity: %w", classify(err))
	}
	return identity(vars), nil
}

// managed tells the provider by the traces that it leaves in the settings.
func managed(vars map[string]string) string {
	switch comment := strings.ToLower(vars["version_comment"]); {
	case vars["aurora_version"] != "":
		return "aurora"
	case strings.HasPrefix(vars["basedir"], "/rdsdbbin"):
		return "rds"
	case strings.Contains(comment, "google"):
		return "cloudsql"
	case strings.Contains(comment, "azure"), strings.Contains(strings.ToLower(vars["basedir"]), "azure"):
		return "azure"
	}
	return ""
}
