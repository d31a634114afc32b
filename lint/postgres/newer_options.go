package postgres

import (
	"regexp"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

// newOptions are options in brackets that not every version has (release notes of 16, 17 and 18), by the statement that takes them.
var newOptions = map[string]map[string]lint.Version{
	"COPY":    {"default": 160000, "on_error": 170000, "log_verbosity": 170000, "reject_limit": 180000},
	"VACUUM":  {"buffer_usage_limit": 160000, "process_main": 160000, "skip_database_stats": 160000, "only_database_stats": 160000},
	"EXPLAIN": {"generic_plan": 160000, "memory": 170000, "serialize": 170000},
}

// newSettings are settings that not every version has.
var newSettings = map[string]lint.Version{
	"createrole_self_grant": 160000, "debug_parallel_query": 160000, "enable_presorted_aggregate": 160000, "icu_validation_level": 160000, "reserved_connections": 160000, "scram_iterations": 160000,
	"vacuum_buffer_usage_limit": 160000, "allow_alter_system": 170000, "enable_group_by_reordering": 170000, "event_triggers": 170000, "io_combine_limit": 170000,
	"transaction_timeout": 170000, "autovacuum_vacuum_max_threshold": 180000, "enable_distinct_reordering": 180000, "enable_self_join_elimination": 180000, "file_copy_method": 180000,
	"idle_replication_slot_timeout": 180000, "io_method": 180000, "io_workers": 180000, "track_cost_delay_timing": 180000, "vacuum_max_eager_freeze_failure_rate": 180000, "vacuum_truncate": 180000,
}

// newerOptions looks at options, settings, and at names that may be left out since some version.
func (c *call) newerOptions() (what string, since lint.Version) {
	var list []*pg.Node
	statement := ""
	switch n := c.node.Node.(type) {
	case *pg.Node_CopyStmt:
		statement, list = "COPY", n.CopyStmt.Options
	case *pg.Node_VacuumStmt:
		statement, list = "VACUUM", n.VacuumStmt.Options
	case *pg.Node_ExplainStmt:
		statement, list = "EXPLAIN", n.ExplainStmt.Options
	case *pg.Node_VariableSetStmt:
		name := strings.ToLower(n.VariableSetStmt.Name)
		return "the setting " + name, newSettings[name]
	case *pg.Node_GrantRoleStmt:
		for _, o := range n.GrantRoleStmt.Opt {
			if name := o.GetDefElem().GetDefname(); name == "inherit" || name == "set" {
				return "WITH " + strings.ToUpper(name) + " of GRANT", 160000
			}
		}
	case *pg.Node_CreateStatsStmt:
		if len(n.CreateStatsStmt.Defnames) == 0 {
			return "CREATE STATISTICS without a name", 160000
		}
	}
	for _, o := range list {
		name := strings.ToLower(o.GetDefElem().GetDefname())
		if v := newOptions[statement][name]; v > since {
			what, since = strings.ToUpper(name)+" of "+statement, v
		}
	}
	return what, since
}

// newNumber are numbers in other bases, and with _ between digits.
var newNumber = regexp.MustCompile(`^(0[xXoObB]_?[0-9a-fA-F]|[0-9]+_[0-9])`)

// newerWords looks at what only the text shows.
func (c *call) newerWords() (what string, since lint.Version) {
	for _, t := range Syntax.Tokens(c.s.Text) {
		if t.Kind == lint.Number && newNumber.MatchString(c.s.Text[t.Start:]) {
			return "this way to write a number", 160000
		}
	}
	return "", 0
}

// returnsOld: RETURNING names the row as it was, or as it is now, and no table goes by that name.
func returnsOld(n *pg.Node) bool {
	found, named := false, false
	source := func(r *pg.RangeVar) {
		for _, name := range []string{r.GetRelname(), r.GetAlias().GetAliasname()} {
			named = named || name == "old" || name == "new"
		}
	}
	for _, r := range relationsOf(n) {
		source(r)
	}
	walk(n, func(m *pg.Node) { source(m.GetRangeVar()) })
	for _, list := range [][]*pg.Node{n.GetInsertStmt().GetReturningList(), n.GetUpdateStmt().GetReturningList(), n.GetDeleteStmt().GetReturningList(), n.GetMergeStmt().GetReturningList()} {
		for _, t := range list {
			walk(t, func(m *pg.Node) {
				f := m.GetColumnRef().GetFields()
				found = found || len(f) == 2 && (str(f[0]) == "old" || str(f[0]) == "new")
			})
		}
	}
	return found && !named
}
