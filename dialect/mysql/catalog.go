package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// record is one row of a catalog view by lower-case column name. Views differ
// between servers and versions, so everything is read and what is missing is empty.
type record map[string]string

// records runs a query on the catalog. NULL is the empty string; where that must
// be told apart the query does it.
func records(ctx context.Context, q querier, query string, args ...any) ([]record, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	vals, to := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range vals {
		to[i] = &vals[i]
	}
	var out []record
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return nil, classify(err)
		}
		r := record{}
		for i, n := range names {
			r[strings.ToLower(n)] = vals[i].String
		}
		out = append(out, r)
	}
	return out, classify(rows.Err())
}

func (r record) int(name string) int64 {
	n, _ := strconv.ParseInt(r[name], 10, 64) // empty is zero
	return n
}

// Table reads one table. A name without database is looked for in the target's.
func (s *server) Table(ctx context.Context, id schema.Ident) (*schema.Table, error) {
	if id.Schema == "" {
		id.Schema = s.config.DBName
	}
	c := catalog{ctx: ctx, q: s.db, id: id}
	t, err := c.read()
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", id, err)
	}
	return t, nil
}

// catalog is one read of one table.
type catalog struct {
	ctx context.Context
	q   querier
	id  schema.Ident
	t   schema.Table
	p   printed
	err error
	// locked: under LOCK TABLES other tables can't be read, statistics among them.
	locked bool
	// planning: look for what only a planner asks, too.
	planning bool
}

func (c *catalog) query(query string, args ...any) []record {
	if c.err != nil {
		return nil
	}
	list, err := records(c.ctx, c.q, query, args...)
	c.err = err
	return list
}

func (c *catalog) read() (*schema.Table, error) {
	if err := c.relation(); err != nil {
		return &c.t, err
	}
	if c.t.Kind == schema.View {
		c.view()
	}
	if c.t.Kind != "table" {
		return &c.t, c.err
	}
	c.printed()
	c.columns()
	c.indexes()
	c.foreignKeys()
	c.checks()
	c.triggers()
	c.dependents()
	c.grants()
	c.statistics()
	c.instant()
	return &c.t, c.err
}

func (c *catalog) relation() error {
	list := c.query("SELECT * FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", c.id.Schema, c.id.Name)
	if c.err != nil && !is(c.err, 3854, 1267, 1300) { // a name with characters that no identifier can have
		return c.err
	}
	if len(list) == 0 {
		c.err = nil
		return &plans.InputError{What: "table " + c.id.String(), Reason: "there is no such table"}
	}
	r := list[0]
	c.t.Ident = schema.Ident{Schema: r["table_schema"], Name: r["table_name"]}
	c.t.Kind = map[string]string{"BASE TABLE": "table"}[r["table_type"]]
	if c.t.Kind == "" {
		c.t.Kind = strings.ToLower(r["table_type"])
	}
	c.t.Storage, c.t.Comment = r["engine"], r["table_comment"]
	c.t.Partitioned = strings.Contains(r["create_options"], "partitioned")
	if strings.EqualFold(r["row_format"], "compressed") {
		c.t.NoInstant = "its row format is compressed"
	}
	c.t.Rows, c.t.Bytes = r.int("table_rows"), r.int("data_length")+r.int("index_length")
	return nil
}

func (c *catalog) printed() {
	if c.err != nil {
		return
	}
	var name, text string
	if err := c.q.QueryRowContext(c.ctx, "SHOW CREATE TABLE "+quoteTable(c.t.Ident)).Scan(&name, &text); err != nil {
		c.err = classify(err)
		return
	}
	c.p = parseCreate(text)
}

func (c *catalog) columns() {
	for _, r := range c.query("SELECT * FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position", c.t.Schema, c.t.Name) {
		p, ok := c.p.columns[r["column_name"]]
		if !ok {
			c.err = fmt.Errorf("column %s is not in SHOW CREATE TABLE", r["column_name"])
			return
		}
		col := schema.Column{Name: r["column_name"], Type: r["column_type"], Class: class(r["data_type"], r["column_type"]), Nullable: !p.NotNull,
			Default: p.Default, Generated: p.Generated, OnUpdate: p.OnUpdate, Collation: r["collation_name"], Charset: r["character_set_name"],
			Comment: p.Comment, Invisible: p.Invisible, Definition: c.p.definition(p.text, r["collation_name"])}
		if p.Auto {
			col.Identity = "auto_increment"
		}
		c.t.Columns = append(c.t.Columns, col)
	}
}

// class sorts types by how their values are compared and written as a key.
func class(data, full string) schema.TypeClass {
	switch strings.ToLower(data) {
	case "tinyint", "smallint", "mediumint", "int", "bigint", "year":
		return schema.Integer
	case "decimal":
		return schema.Decimal
	case "float", "double":
		return schema.Float
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext":
		return schema.Text
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		return schema.Binary
	case "date", "datetime", "timestamp", "time":
		return schema.Temporal
	case "json":
		return schema.JSON
	case "uuid":
		return schema.UUID
	}
	return schema.Opaque // bit, enum, set, geometry, vector, inet4, inet6 …
}

func (c *catalog) indexes() {
	for _, r := range c.query("SELECT * FROM information_schema.statistics WHERE table_schema = ? AND table_name = ? ORDER BY index_name, seq_in_index", c.t.Schema, c.t.Name) {
		n := len(c.t.Indexes)
		if n == 0 || c.t.Indexes[n-1].Name != r["index_name"] {
			c.t.Indexes = append(c.t.Indexes, c.newIndex(r))
			n++
		}
		x := &c.t.Indexes[n-1]
		part := schema.IndexColumn{Name: r["column_name"], Expression: r["expression"], Descending: r["collation"] == "D", Prefix: int(r.int("sub_part"))}
		if part.Expression != "" {
			part.Name = ""
		}
		x.Columns = append(x.Columns, part)
	}
	for i := range c.t.Indexes {
		c.t.Indexes[i].Uses = c.uses(c.t.Indexes[i].Definition)
	}
	slices.SortFunc(c.t.Indexes, func(a, b schema.Index) int { return strings.Compare(a.Name, b.Name) })
}

func (c *catalog) newIndex(r record) schema.Index {
	name := r["index_name"]
	return schema.Index{Name: name, Unique: r["non_unique"] == "0", Primary: name == "PRIMARY", Method: strings.ToLower(r["index_type"]),
		Definition: c.p.indexes[name].text, Comment: r["index_comment"], Invisible: r["is_visible"] == "NO" || r["ignored"] == "YES"}
}

// uses lists the table's columns that a text printed by the server names.
func (c *catalog) uses(text string) []string {
	list := tokens(text)
	var out []string
	for _, col := range c.t.Columns {
		if slices.ContainsFunc(list, func(t token) bool { return strings.HasPrefix(t.text, "`") && named(t, col.Name) }) {
			out = append(out, col.Name)
		}
	}
	return out
}

// addKeys joins the rows of each foreign key.
func (c *catalog) addKeys(rows []record, incoming bool) {
	last := ""
	for _, r := range rows {
		other := schema.Ident{Schema: r["referenced_table_schema"], Name: r["referenced_table_name"]}
		mine, theirs := r["column_name"], r["referenced_column_name"]
		if incoming {
			other, mine, theirs = schema.Ident{Schema: r["table_schema"], Name: r["table_name"]}, theirs, mine
		}
		if id := other.String() + "\x00" + r["constraint_name"]; id != last || len(c.t.Constraints) == 0 {
			last = id
			c.t.Constraints = append(c.t.Constraints, schema.Constraint{Name: r["constraint_name"], Kind: schema.ForeignKey, Ref: other,
				OnDelete: r["delete_rule"], OnUpdate: r["update_rule"], Incoming: incoming})
		}
		k := &c.t.Constraints[len(c.t.Constraints)-1]
		k.Columns, k.RefColumns = append(k.Columns, mine), append(k.RefColumns, theirs)
		k.Definition = foreignKey(*k, c.p.keys[k.Name])
	}
}

// foreignKey writes the clause of a foreign key, without its name, with its rules as
// they are printed.
func foreignKey(k schema.Constraint, rules string) string {
	return strings.TrimSpace(fmt.Sprintf("FOREIGN KEY (%s) REFERENCES %s (%s) %s", quoteAll(k.Columns), quoteTable(k.Ref), quoteAll(k.RefColumns), rules))
}

func (c *catalog) checks() {
	add := func(name, expr string, enforced bool) {
		c.t.Constraints = append(c.t.Constraints, schema.Constraint{Name: name, Kind: schema.Check, Columns: c.uses(expr), Definition: "CHECK " + expr, NotValid: !enforced})
	}
	for _, k := range c.p.checks {
		add(k.name, k.expr, k.enforced)
	}
	for _, col := range c.t.Columns {
		if k := c.p.columns[col.Name].Check; k != "" {
			add("check of column "+col.Name, k, true)
		}
	}
}

func (c *catalog) triggers() {
	for _, r := range c.query("SELECT * FROM information_schema.triggers WHERE event_object_schema = ? AND event_object_table = ? ORDER BY trigger_name", c.t.Schema, c.t.Name) {
		c.t.Triggers = append(c.t.Triggers, schema.Trigger{Name: r["trigger_name"], Timing: r["action_timing"], Event: r["event_manipulation"],
			Definer: r["definer"], Body: r["action_statement"], Order: int(r.int("action_order"))})
	}
}

// dependents lists what names columns of the table and would break, or go on
// reading the hidden column, when it is renamed.
func (c *catalog) dependents() {
	add := func(kind, name string, columns []string) {
		if len(columns) > 0 {
			c.t.Dependents = append(c.t.Dependents, schema.Dependent{Kind: kind, Name: name, Columns: columns})
		}
	}
	for _, col := range c.t.Columns {
		add("generated column", col.Name, c.uses(col.Generated))
		if d := col.Default; d != nil && !strings.HasPrefix(*d, "'") {
			add("default of column", col.Name, c.uses(*d))
		}
	}
	for _, g := range c.t.Triggers {
		if !ours(g.Name) {
			add("trigger", g.Name, c.rowColumns(g.Body))
		}
	}
	for _, r := range c.query("SELECT DISTINCT partition_expression, subpartition_expression FROM information_schema.partitions WHERE table_schema = ? AND table_name = ? AND partition_name IS NOT NULL", c.t.Schema, c.t.Name) {
		add("partitioning", "of the table", c.uses(r["partition_expression"]+" , "+r["subpartition_expression"]))
	}
	c.views(add)
}

// ours reports whether a trigger is one that keeps a column sync.
func ours(trigger string) bool { return strings.HasPrefix(trigger, "~pm_") }

// rowColumns lists the columns that a trigger's body names as NEW.x or OLD.x.
func (c *catalog) rowColumns(body string) []string {
	list := tokens(body)
	var out []string
	for _, col := range c.t.Columns {
		for i := 0; i+2 < len(list); i++ {
			if (words(list[i:], "NEW", ".") || words(list[i:], "OLD", ".")) && named(list[i+2], col.Name) {
				out = append(out, col.Name)
				break
			}
		}
	}
	return out
}

// views finds views by the text that the server keeps of them, in which every
// table and column stands in full, with its database: a table of the same name in
// another one is another table. A view that this account may not see has no text.
func (c *catalog) views(add func(kind, name string, columns []string)) {
	like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(quote(c.t.Schema)+"."+quote(c.t.Name)) + "%"
	for _, r := range c.query("SELECT table_schema, table_name, view_definition FROM information_schema.views WHERE view_definition LIKE ? ORDER BY 1, 2", like) {
		add("view", r["table_schema"]+"."+r["table_name"], c.uses(r["view_definition"]))
	}
}

func (c *catalog) grants() {
	for _, r := range c.query(`SELECT grantee, column_name, privilege_type, is_grantable FROM information_schema.column_privileges
		WHERE table_schema = ? AND table_name = ? ORDER BY 1, 2, 3`, c.t.Schema, c.t.Name) {
		c.t.Grants = append(c.t.Grants, schema.Grant{Grantee: r["grantee"], Column: r["column_name"], Privilege: r["privilege_type"], Grantable: r["is_grantable"] == "YES"})
	}
}

// statistics reads which columns have a histogram. Both servers keep them in
// places of their own, and not every account may look: without rights there are none.
func (c *catalog) statistics() {
	if c.err != nil || c.locked {
		return
	}
	list, err := records(c.ctx, c.q, `SELECT column_name, JSON_EXTRACT(histogram, '$."number-of-buckets-specified"') AS buckets
		FROM information_schema.column_statistics WHERE schema_name = ? AND table_name = ?`, c.t.Schema, c.t.Name)
	if errors.Is(err, dberr.NotThere) || is(err, 1109) {
		list, err = records(c.ctx, c.q, "SELECT column_name, hist_size AS buckets FROM mysql.column_stats WHERE db_name = ? AND table_name = ?", c.t.Schema, c.t.Name)
	}
	if err != nil && !errors.Is(err, dberr.Denied) && !errors.Is(err, dberr.NotThere) {
		c.err = err
		return
	}
	for _, r := range list {
		for i := range c.t.Columns {
			if c.t.Columns[i].Name == r["column_name"] {
				n := int(r.int("buckets"))
				c.t.Columns[i].Statistics = &n
			}
		}
	}
}

// mostLooked is how many tables a server may have for the engine's own list of them to be read. MySQL reads it by opening every
// table of the server, whatever is asked for and whatever max_execution_time says: seconds for some thousands, and the definitions of the
// tables in use are thrown out of its cache (table_definition_cache, at the least 400 and by default up to 2,000).
const mostLooked = 1000

// instant finds what rules metadata-only changes out for this very table and an
// empty copy of it wouldn't show. Without the right to look, or among very many tables, it isn't known, and the
// server refuses at the time.
func (c *catalog) instant() {
	if c.err != nil || !c.planning || c.t.NoInstant != "" || c.crowded() {
		return
	}
	tables, indexes := "innodb_tables", "innodb_indexes"
	name := fileName(c.t.Schema) + "/" + fileName(c.t.Name)
	list, err := records(c.ctx, c.q, "SELECT * FROM information_schema."+tables+" WHERE name = ?", name)
	if is(err, 1109) { // the other server's name
		tables, indexes = "innodb_sys_tables", "innodb_sys_indexes"
		list, err = records(c.ctx, c.q, "SELECT * FROM information_schema."+tables+" WHERE name = ?", name)
	}
	if err != nil || len(list) == 0 {
		return
	}
	if n, most := list[0].int("total_row_versions"), rowVersions(c.ctx, c.q); n+3 > most {
		c.t.NoInstant = fmt.Sprintf("it has %d row versions of at most %d; OPTIMIZE TABLE sets them back", n, most)
		return
	}
	hidden, err := records(c.ctx, c.q, "SELECT 1 FROM information_schema."+indexes+" WHERE table_id = ? AND name = 'FTS_DOC_ID_INDEX'", list[0]["table_id"])
	if err == nil && len(hidden) > 0 {
		c.t.NoInstant = "it had a full-text index, which leaves a hidden column"
	}
}

// crowded: this server has so many tables that the engine's list of them isn't read. That of MariaDB has an index.
func (c *catalog) crowded() bool {
	var n int
	err := c.q.QueryRowContext(c.ctx, fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM information_schema.tables WHERE engine = 'InnoDB' AND @@version NOT LIKE '%%MariaDB%%' LIMIT %d) AS t", mostLooked+1)).Scan(&n)
	return err != nil || n > mostLooked
}

// rowVersions is how often columns can be added or dropped before a table must be
// rewritten; 9.1 raised it.
func rowVersions(ctx context.Context, q querier) int64 {
	var version string
	if err := q.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err == nil && versionNumber(version) >= 90100 {
		return 255
	}
	return 64
}

// fileName writes a name as the storage engine keeps it, as far as characters have
// the plain encoding.
func fileName(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "@%04x", r)
		}
	}
	return b.String()
}
