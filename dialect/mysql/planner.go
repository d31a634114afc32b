package mysql

import "github.com/phasemig/phasemig/dialect"

// Planner is what is known of MySQL and MariaDB without a server.
func Planner() dialect.Planner {
	return dialect.Planner{Rules: rules{}, Translate: Translate, Difference: difference, Rename: renameSQL,
		Renamed: func(table, to string) string { return "ALTER TABLE " + quote(table) + " RENAME TO " + quote(to) },
		Drop:    func(table string) string { return "DROP TABLE " + quote(table) }}
}
