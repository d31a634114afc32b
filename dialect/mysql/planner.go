package mysql

import "github.com/phasemig/phasemig/dialect"

// Planner is what is known of MySQL and MariaDB without a server.
func Planner() dialect.Planner {
	return dialect.Planner{Rules: rules{}, Translate: Translate, Difference: difference, Rename: renameSQL,
		Drop: func(table string) string { return "DROP TABLE " + quote(table) }}
}
