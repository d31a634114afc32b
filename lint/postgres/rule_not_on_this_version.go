package postgres

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var notOnThisVersion = rule{lint.Rule{
	ID: "not-on-this-version", Severity: lint.Error, Kind: lint.Fails,
	Summary: "syntax that this version of the server doesn't have",
	Why:     "VIRTUAL generated columns, NOT NULL as a named constraint, NOT ENFORCED and WITHOUT OVERLAPS came with 18, SET EXPRESSION with 17, CREATE STATISTICS without a name, numbers like 1_000 and 0xFF and a subquery in FROM without a name with 16, options and settings with several, MERGE and NULLS NOT DISTINCT with 15, DETACH PARTITION CONCURRENTLY with 14, SET COMPRESSION with 14, SET ACCESS METHOD with 15, INCLUDE with 11. Give --server-version the version that runs the file.",
	Bad:     []lint.Example{{Version: "17", SQL: "ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a) VIRTUAL;"}, {Version: "17", SQL: "ALTER TABLE t ADD CONSTRAINT c NOT NULL a NOT VALID;"}, {Version: "14", SQL: "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DO NOTHING;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a) VIRTUAL;"}, {Version: "17", SQL: "ALTER TABLE t ADD COLUMN b int;"}},
}, func(c *call) {
	if what, since := c.newest(); since > c.version {
		c.report(said{message: "this fails: " + what + " came with version " + since.String()[:2], safe: "Write it for the version that runs it."})
	}
}}

// newest names the newest thing in a statement, and the version that brought it.
func (c *call) newest() (what string, since lint.Version) {
	switch {
	case c.version >= 180000: // nothing that is known is newer
		return "", 0
	case c.later.virtual:
		return "a VIRTUAL generated column", 180000
	case c.later.notNull != "":
		return "NOT NULL as a constraint of the table", 180000
	case c.later.notEnforced:
		return "NOT ENFORCED", 180000
	case c.later.temporal:
		return "WITHOUT OVERLAPS", 180000
	case c.later.inherit:
		return "ALTER CONSTRAINT … INHERIT", 180000
	case c.later.enforce:
		return "ALTER CONSTRAINT … ENFORCED", 180000
	}
	for _, look := range []func() (string, lint.Version){c.newerParts, c.newerOptions, c.newerWords} {
		if what, since := look(); since > c.version {
			return what, since
		}
	}
	if n := c.node.GetIndexStmt(); n != nil {
		switch {
		case n.NullsNotDistinct:
			return "NULLS NOT DISTINCT", 150000
		case len(n.IndexIncludingParams) > 0:
			return "INCLUDE", 110000
		}
	}
	c.alterAny(func(_ *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		switch {
		case a.Subtype == pg.AlterTableType_AT_SetExpression:
			what, since = "SET EXPRESSION", 170000
		case a.Subtype == pg.AlterTableType_AT_SetCompression:
			what, since = "SET COMPRESSION", 140000
		case a.Subtype == pg.AlterTableType_AT_SetAccessMethod && a.Name == "":
			what, since = "SET ACCESS METHOD DEFAULT", 170000
		case a.Subtype == pg.AlterTableType_AT_SetAccessMethod:
			what, since = "SET ACCESS METHOD", 150000
		case a.Subtype == pg.AlterTableType_AT_SetStatistics && a.Def == nil:
			what, since = "SET STATISTICS DEFAULT", 170000
		case a.Subtype == pg.AlterTableType_AT_DropExpression:
			what, since = "DROP EXPRESSION", 130000
		case a.Def.GetConstraint().GetNullsNotDistinct():
			what, since = "NULLS NOT DISTINCT", 150000
		}
	})
	return what, since
}

// newerParts looks at what may stand anywhere in a statement.
func (c *call) newerParts() (what string, since lint.Version) {
	note := func(w string, v lint.Version) {
		if v > since {
			what, since = w, v
		}
	}
	if returnsOld(c.node) && c.depth == 0 { // in the function of a trigger they are its own
		note("OLD and NEW in RETURNING", 180000)
	}
	walk(c.node, func(n *pg.Node) {
		switch x := n.Node.(type) {
		case *pg.Node_MergeStmt:
			note("MERGE", 150000)
			if len(x.MergeStmt.ReturningList) > 0 {
				note("RETURNING of a MERGE", 170000)
			}
		case *pg.Node_RangeSubselect:
			if x.RangeSubselect.Alias == nil {
				note("a subquery in FROM without a name", 160000)
			}
		case *pg.Node_MergeWhenClause:
			if x.MergeWhenClause.MatchKind == pg.MergeMatchKind_MERGE_WHEN_NOT_MATCHED_BY_SOURCE {
				note("NOT MATCHED BY SOURCE", 170000)
			}
		case *pg.Node_JsonFuncExpr, *pg.Node_JsonTable, *pg.Node_JsonParseExpr, *pg.Node_JsonScalarExpr, *pg.Node_JsonSerializeExpr:
			note("this SQL/JSON function", 170000)
		case *pg.Node_JsonObjectConstructor, *pg.Node_JsonArrayConstructor, *pg.Node_JsonIsPredicate:
			note("this SQL/JSON constructor or test", 160000)
		case *pg.Node_Constraint:
			if x.Constraint.Contype == pg.ConstrType_CONSTR_EXCLUSION && c.partitions() {
				note("EXCLUDE of a partitioned table", 170000)
			}
		case *pg.Node_ColumnDef:
			if x.ColumnDef.StorageName != "" {
				note("STORAGE of a new column", 160000)
			}
		case *pg.Node_FuncCall:
			name := lastName(x.FuncCall.Funcname)
			if v := newFunctions[name]; v > 0 && len(c.routinesNamed(identOf(x.FuncCall.Funcname))) == 0 && !c.extended() {
				note("the function "+name+"()", v)
			}
		}
	})
	return what, since
}

// partitions: the table of the statement is partitioned.
func (c *call) partitions() bool {
	k := c.relation(c.node.GetAlterTableStmt().GetRelation())
	return c.node.GetCreateStmt().GetPartspec() != nil || k != nil && k.Partitioned
}

// newFunctions are functions of the server that not every version has (release notes of 16, 17 and 18).
var newFunctions = map[string]lint.Version{
	"any_value": 160000, "system_user": 160000, "array_sample": 160000, "array_shuffle": 160000, "date_add": 160000, "date_subtract": 160000, "erf": 160000, "erfc": 160000, "pg_input_is_valid": 160000,
	"pg_input_error_info": 160000, "random_normal": 160000, "to_bin": 170000, "to_oct": 170000, "to_regtypemod": 170000, "unicode_assigned": 170000, "unicode_version": 170000,
	"icu_unicode_version": 170000, "uuid_extract_timestamp": 170000, "uuid_extract_version": 170000, "xmltext": 170000, "pg_basetype": 170000, "jsonb_populate_record_valid": 170000,
	"array_reverse": 180000, "array_sort": 180000, "casefold": 180000, "crc32": 180000, "crc32c": 180000, "gamma": 180000, "lgamma": 180000, "uuidv4": 180000, "uuidv7": 180000, "pg_get_acl": 180000,
}
