package migration

import (
	"slices"
	"strings"
)

// tools' own tables, in which they note what they have run.
var tools = []string{"schema_migrations", "schema_migration", "ar_internal_metadata", "alembic_version", "django_migrations", "flyway_schema_history", "goose_db_version",
	"_prisma_migrations", "atlas_schema_revisions", "schema_version", "databasechangelog", "databasechangeloglock", "gorp_migrations", "phinxlog", "knex_migrations", "knex_migrations_lock"}

// OfTool reports whether a table is one in which a migration tool keeps its books.
func OfTool(table string) bool {
	if i := strings.LastIndexByte(table, '.'); i >= 0 {
		table = table[i+1:]
	}
	return slices.Contains(tools, strings.ToLower(table))
}

// harmless are settings of a session that don't change what a definition means. phasemig's own sessions have their own.
var harmless = []string{"lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout", "client_min_messages", "application_name",
	"maintenance_work_mem", "max_parallel_maintenance_workers", "work_mem", "deadlock_timeout", "synchronous_commit", "row_security", "xmloption", "check_function_bodies",
	"lock_wait_timeout", "innodb_lock_wait_timeout", "max_execution_time", "max_statement_time", "wait_timeout", "unique_checks", "foreign_key_checks", "autocommit"}

// Harmless reports whether a setting may be left out: no definition means another thing by it.
func Harmless(setting string) bool { return slices.Contains(harmless, strings.ToLower(setting)) }
