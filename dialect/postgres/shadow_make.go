package postgres

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// copyStatements make an empty table like another one, with indexes and constraints
// of the same names. The server's own LIKE … INCLUDING INDEXES would give them other names, and
// LIKE … INCLUDING STATISTICS, too. Foreign keys, triggers, policies and rights come with
// the exchange of places.
func copyStatements(t *schema.Table, at schema.Ident, cut *plans.PartitionTable) []string {
	if cut != nil {
		return partitionedStatements(t, at, cut)
	}
	out := []string{fmt.Sprintf("CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS)", relation(at), relation(t.Ident))}
	for _, c := range t.Columns {
		out = append(out, likeLeavesOut(c, at)...)
	}
	for _, x := range t.Indexes {
		out = append(out, indexStatements(x, at)...)
	}
	for _, c := range t.Constraints {
		if c.Kind == schema.Exclusion {
			out = append(out, fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", relation(at), Quote(c.Name), c.Definition))
		}
	}
	for _, clause := range t.Settings {
		out = append(out, "ALTER TABLE "+relation(at)+" "+clause)
	}
	for _, x := range t.Statistics {
		out = append(out, placedStatistics(x.Definition, at))
	}
	return out
}

// likeLeavesOut are a column's settings that LIKE doesn't take over.
func likeLeavesOut(c schema.Column, at schema.Ident) []string {
	var out []string
	if c.Statistics != nil {
		out = append(out, fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET STATISTICS %d", relation(at), Quote(c.Name), *c.Statistics))
	}
	for _, clause := range strings.Split(c.Definition, "\n") {
		if strings.HasPrefix(clause, "SET (") {
			out = append(out, fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s %s", relation(at), Quote(c.Name), clause))
		}
	}
	return out
}

// indexStatements make an index and, where it backs one, its constraint. The second line of a
// definition says how the constraint is deferred.
func indexStatements(x schema.Index, at schema.Ident) []string {
	if x.Constraint && !x.Unique { // of an exclusion, which makes it
		return nil
	}
	def, deferred, _ := strings.Cut(x.Definition, "\n")
	out := []string{placedIndex(def, at)}
	if x.Constraint {
		kind := "UNIQUE"
		if x.Primary {
			kind = "PRIMARY KEY"
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("ALTER TABLE %[1]s ADD CONSTRAINT %[2]s %[3]s USING INDEX %[2]s %[4]s", relation(at), Quote(x.Name), kind, deferred)))
	}
	if x.Comment != "" {
		out = append(out, fmt.Sprintf("COMMENT ON INDEX %s IS %s", inSchemaOf(at, x.Name), literal(x.Comment)))
	}
	if x.Constraint && x.ConstraintComment != "" {
		out = append(out, fmt.Sprintf("COMMENT ON CONSTRAINT %s ON %s IS %s", Quote(x.Name), relation(at), literal(x.ConstraintComment)))
	}
	return out
}

// placedIndex is the server's own statement of an index, for another table.
func placedIndex(def string, at schema.Ident) string {
	tree, err := pg.Parse(def)
	if err != nil || len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetIndexStmt() == nil {
		return def // the server says what it doesn't like
	}
	begin := int(tree.Stmts[0].Stmt.GetIndexStmt().Relation.Location)
	return def[:begin] + relation(at) + def[nameEnd(def, begin):]
}

// placedStatistics is the same for an object of extended statistics, which has its table's schema.
func placedStatistics(def string, at schema.Ident) string {
	tree, err := pg.Parse(def)
	if err != nil || len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetCreateStatsStmt() == nil {
		return def
	}
	c := tree.Stmts[0].Stmt.GetCreateStatsStmt()
	name := c.Defnames[len(c.Defnames)-1].GetString_().GetSval()
	begin := int(c.Relations[0].GetRangeVar().Location)
	head := len("CREATE STATISTICS ")
	return def[:head] + inSchemaOf(at, name) + def[nameEnd(def, head):begin] + relation(at) + def[nameEnd(def, begin):]
}

// nameEnd is where a name that begins at a place ends, with the schema in front of it.
func nameEnd(text string, at int) int {
	quoted := false
	for at < len(text) {
		switch c := text[at]; {
		case c == '"':
			quoted = !quoted // a doubled quote turns it twice
		case !quoted && c == ' ':
			return at
		}
		at++
	}
	return at
}
