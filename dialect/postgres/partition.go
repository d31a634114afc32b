package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// partitionBy is how a table is cut, in the server's words.
func partitionBy(p *plans.PartitionTable) string {
	return "PARTITION BY " + strings.ToUpper(p.By) + " (" + quoteAll(p.Columns) + ")"
}

// partitionable refuses by name what a partitioned table can't have, as far as the server would say it without
// a name, or not before the tables change places.
func partitionable(t *schema.Table, cut *plans.PartitionTable, version int) error {
	if cut == nil {
		return nil
	}
	for _, name := range append(slices.Clone(cut.Columns), cut.PrimaryKey...) {
		if _, ok := t.Column(name); !ok {
			return fmt.Errorf("there is no column %s", name)
		}
	}
	for _, name := range cut.Names() {
		if len(name) > 63 {
			return fmt.Errorf("partition name %s is longer than the server's limit of 63", name)
		}
	}
	for _, check := range []func(*schema.Table, *plans.PartitionTable) error{keysHoldPartition, settingsOfPartition, triggersOfPartition} {
		if err := check(t, cut); err != nil {
			return err
		}
	}
	for _, c := range t.Constraints {
		switch {
		case c.Kind == schema.Exclusion && version < 170000:
			return fmt.Errorf("exclusion constraint %s: a partitioned table of this server has none", c.Name)
		case c.Kind == schema.Check && strings.HasSuffix(c.Definition, "NO INHERIT"):
			return fmt.Errorf("constraint %s is NO INHERIT, which partitions could not have: drop it, or add it without these words", c.Name)
		}
	}
	return nil
}

// keysHoldPartition: on a partitioned table a key is unique in each partition, and so as a whole only where it
// holds what decides the partition.
func keysHoldPartition(t *schema.Table, cut *plans.PartitionTable) error {
	missing := func(columns []string) string {
		for _, name := range cut.Columns {
			if !slices.Contains(columns, name) {
				return name
			}
		}
		return ""
	}
	if name := missing(cut.PrimaryKey); len(cut.PrimaryKey) > 0 && name != "" {
		return fmt.Errorf("the new primary key (%s) doesn't hold column %s, by which the table is partitioned", strings.Join(cut.PrimaryKey, ", "), name)
	}
	primary := false
	for _, x := range t.Indexes {
		primary = primary || x.Primary
		if !x.Unique || x.Primary && len(cut.PrimaryKey) > 0 {
			continue
		}
		var columns []string
		for _, c := range x.Columns {
			columns = append(columns, c.Name)
		}
		if name := missing(columns); name != "" {
			advice := "drop it, or make it one that holds the column"
			if x.Primary {
				advice = "name the new one: primary_key"
			}
			return fmt.Errorf("unique key %s doesn't hold column %s, by which the table is partitioned, and a partitioned table keeps keys unique in each partition only: %s", x.Name, name, advice)
		}
	}
	if !primary && len(cut.PrimaryKey) > 0 {
		return fmt.Errorf("the table has no primary key that another one could take the place of: add_primary_key first")
	}
	return nil
}

// settingsOfPartition: the index of a partition that a clause would have to name has a name that the server gives it.
func settingsOfPartition(t *schema.Table, _ *plans.PartitionTable) error {
	for _, clause := range t.Settings {
		switch {
		case strings.HasPrefix(clause, "CLUSTER ON "):
			return fmt.Errorf("%s: a partitioned table is not clustered as a whole: ALTER TABLE %s SET WITHOUT CLUSTER first", clause, relation(t.Ident))
		case strings.HasPrefix(clause, "REPLICA IDENTITY USING INDEX "):
			return fmt.Errorf("%s: partitions don't take it over: ALTER TABLE %s REPLICA IDENTITY DEFAULT or FULL first", clause, relation(t.Ident))
		}
	}
	return nil
}

// triggersOfPartition: the server refuses such a trigger when it is made, which is under the lock.
func triggersOfPartition(t *schema.Table, _ *plans.PartitionTable) error {
	for _, g := range t.Triggers {
		if strings.Contains(g.Body, " REFERENCING ") && strings.Contains(g.Body, " FOR EACH ROW ") {
			return fmt.Errorf("trigger %s fires for each row and reads a transition table, which a trigger of a partitioned table can't: drop it first", g.Name)
		}
	}
	return nil
}

// partitionedStatements make an empty partitioned table like another one.
func partitionedStatements(t *schema.Table, at schema.Ident, cut *plans.PartitionTable) []string {
	out := []string{fmt.Sprintf("CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS) %s", relation(at), relation(t.Ident), partitionBy(cut))}
	for _, clause := range t.Settings { // new partitions go there, too
		if strings.HasPrefix(clause, "SET TABLESPACE ") {
			out = append(out, "ALTER TABLE "+relation(at)+" "+clause)
		}
	}
	for _, x := range t.Indexes {
		out = append(out, partitionedIndex(x, at, cut)...)
	}
	for _, c := range t.Constraints {
		if c.Kind == schema.Exclusion {
			out = append(out, fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", relation(at), Quote(c.Name), c.Definition))
		}
	}
	for n, p := range cut.Partitions {
		leaf := schema.Ident{Schema: at.Schema, Name: p.Name}
		out = append(out, fmt.Sprintf("CREATE TABLE %s PARTITION OF %s %s", relation(leaf), relation(at), boundsOf(cut, n)))
		out = append(out, leafSettings(t, leaf)...)
	}
	for _, c := range t.Columns {
		out = append(out, likeLeavesOut(c, at)...)
	}
	for _, clause := range t.Settings {
		if strings.HasPrefix(clause, "REPLICA IDENTITY ") {
			out = append(out, "ALTER TABLE "+relation(at)+" "+clause)
		}
	}
	for _, x := range t.Statistics {
		out = append(out, placedStatistics(x.Definition, at))
	}
	return out
}

// leafSettings are what a partition doesn't take over from its table: how its rows are stored, and how its log names
// them.
func leafSettings(t *schema.Table, leaf schema.Ident) []string {
	var out []string
	for _, clause := range t.Settings {
		if strings.HasPrefix(clause, "SET (") || strings.HasPrefix(clause, "REPLICA IDENTITY ") {
			out = append(out, "ALTER TABLE "+relation(leaf)+" "+clause)
		}
	}
	for _, c := range t.Columns {
		c.Statistics = nil // set on the table it goes down to the partitions
		out = append(out, likeLeavesOut(c, leaf)...)
	}
	return out
}

// boundsOf are the words that say which rows a partition holds.
func boundsOf(cut *plans.PartitionTable, n int) string {
	p := cut.Partitions[n]
	switch {
	case p.Default:
		return "DEFAULT"
	case cut.By == "hash":
		return fmt.Sprintf("FOR VALUES WITH (MODULUS %d, REMAINDER %d)", len(cut.Partitions), n)
	case cut.By == "list":
		return "FOR VALUES IN (" + boundList(p.In, "NULL") + ")"
	}
	return "FOR VALUES FROM (" + boundList(p.From, "MINVALUE", "MAXVALUE") + ") TO (" + boundList(p.To, "MINVALUE", "MAXVALUE") + ")"
}

// boundList writes values as constants that the server takes for the column's type, and its own words as they are.
func boundList(values []string, words ...string) string {
	var out []string
	for _, v := range values {
		if !slices.Contains(words, v) {
			v = literal(v)
		}
		out = append(out, v)
	}
	return strings.Join(out, ", ")
}

// partitionedIndex makes an index of the table and all of its partitions. A constraint on a partitioned table can't take
// over an index that is there, so it makes its own.
func partitionedIndex(x schema.Index, at schema.Ident, cut *plans.PartitionTable) []string {
	if !x.Constraint {
		return indexStatements(x, at)
	}
	if !x.Unique { // of an exclusion, which makes it
		return nil
	}
	def, deferred, _ := strings.Cut(x.Definition, "\n")
	var columns []string
	for _, c := range x.Columns {
		columns = append(columns, c.Name)
	}
	kind := "UNIQUE"
	if x.NullsEqual {
		kind = "UNIQUE NULLS NOT DISTINCT"
	}
	if x.Primary {
		kind = "PRIMARY KEY"
		if len(cut.PrimaryKey) > 0 {
			columns = cut.PrimaryKey
		}
	}
	words := []string{"ALTER TABLE", relation(at), "ADD CONSTRAINT", Quote(x.Name), kind, "(" + quoteAll(columns) + ")"}
	include := slices.DeleteFunc(slices.Clone(x.Include), func(name string) bool { return slices.Contains(columns, name) })
	if len(include) > 0 {
		words = append(words, "INCLUDE ("+quoteAll(include)+")")
	}
	if with := storageOf(def); with != "" {
		words = append(words, with)
	}
	if deferred != "" {
		words = append(words, deferred)
	}
	out := []string{strings.Join(words, " ")}
	if x.Comment != "" {
		out = append(out, fmt.Sprintf("COMMENT ON INDEX %s IS %s", inSchemaOf(at, x.Name), literal(x.Comment)))
	}
	return out
}

// storageOf are the storage parameters in the server's own statement of an index, which end it.
func storageOf(def string) string {
	tree, err := pg.Parse(def)
	if err != nil || len(tree.Stmts) != 1 || len(tree.Stmts[0].Stmt.GetIndexStmt().GetOptions()) == 0 {
		return ""
	}
	return def[strings.LastIndex(def, "WITH ("):]
}

// taken is a name that a partition, or an index of one, would have and that something else has already where the table stands;
// "": none. Names of the table's own indexes are free by then.
func (p *prober) taken() (string, error) {
	list, err := textRows(p.ctx, p.tx, 1, `SELECT format('%s, which the partitions need, is there already in schema %s', c.relname, n.nspname)
		FROM pg_catalog.pg_class m JOIN pg_catalog.pg_namespace w ON w.oid = m.relnamespace AND w.nspname = $2
		JOIN pg_catalog.pg_class c ON c.relname = m.relname JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $3
		WHERE c.oid <> to_regclass($1)::oid AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indexrelid = c.oid AND i.indrelid = to_regclass($1)::oid)
		AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1)::oid AND d.deptype IN ('a', 'i'))
		ORDER BY c.relname LIMIT 1`, relation(p.table.Ident), probeSchema, p.table.Schema)
	if err != nil || len(list) == 0 {
		return "", classify(err)
	}
	return list[0][0], nil
}

// unsent is a publication of the table that names it to subscribers, and would go on with its partitions, which they
// don't know; "": none.
func (p *prober) unsent() (string, error) {
	list, err := textRows(p.ctx, p.tx, 1, `SELECT DISTINCT p.pubname FROM pg_catalog.pg_publication_tables v JOIN pg_catalog.pg_publication p ON p.pubname = v.pubname AND NOT p.pubviaroot
		WHERE v.schemaname = $1 AND v.tablename = $2 AND p.pubname !~ `+ownLog+` ORDER BY 1 LIMIT 1`, p.table.Schema, p.table.Name)
	if err != nil || len(list) == 0 {
		return "", classify(err)
	}
	return fmt.Sprintf("publication %s would send the rows under the names of the partitions, which its subscribers don't have: ALTER PUBLICATION %s SET (publish_via_partition_root = true) first", list[0][0], Quote(list[0][0])), nil
}
