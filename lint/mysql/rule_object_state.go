package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var objectState = rule{lint.Rule{
	ID: "no-such-object", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a statement that doesn't fit the schema: what it names isn't there, or is there already, or is used by something else",
	Why:     "It is said only of tables that are known as a whole, from --schema, --dsn or the files before; that a table itself isn't there only where a schema was given as SQL.\n\nA column that a generated column, a CHECK of several columns, a foreign key or the partitioning uses can't be dropped, and on MySQL not be renamed, either.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;"}, {Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ADD COLUMN a int;"}, {Schema: "CREATE TABLE t (a int);", SQL: "CREATE TABLE t (a int);"},
		{Schema: "CREATE TABLE t (a int, b int);", SQL: "ALTER TABLE t DROP INDEX i;"}, {Schema: "CREATE TABLE t (a int, g int AS (a + 1));", SQL: "ALTER TABLE t DROP COLUMN a;"}},
	Good: []lint.Example{{SQL: "ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;"}, {Schema: "CREATE TABLE t (a int);", SQL: "CREATE TABLE IF NOT EXISTS t (a int);"}},
}, func(c *call) {
	for _, why := range c.state() {
		c.report(said{message: "this fails: " + why, safe: "Look at the names, or give the schema as it is before this file."})
	}
}}

// state says how a statement doesn't fit the schema.
func (c *call) state() []string {
	var out []string
	k := c.relation(c.table)
	if why := c.heldBack(); why != "" {
		return []string{why}
	}
	if why := c.refusedByTransaction(); why != "" {
		return []string{why}
	}
	if c.settings != "" {
		out = append(out, c.settingFaults(c.settings)...)
	}
	if why := c.unknownSequence(); why != "" {
		out = append(out, why)
	}
	if callsFunctions(c.verb) {
		if why := c.absentFunction(Syntax.Tokens(c.s.Text)); why != "" {
			out = append(out, why)
		}
	}
	switch c.verb {
	case "CREATE TABLE":
		return append(out, c.createState(k)...)
	case "CREATE SEQUENCE":
		return c.sequenceFaults()
	case "CREATE VIEW", "ALTER VIEW":
		return append(out, c.viewState(k)...)
	case "CREATE ROUTINE":
		return c.routineState()
	case "DROP TABLE", "DROP VIEW", "DROP SEQUENCE":
		return c.dropState()
	case "DROP TRIGGER", "DROP PROCEDURE", "DROP FUNCTION", "ALTER PROCEDURE", "ALTER FUNCTION", "CALL", "ALTER SEQUENCE", "ALTER EVENT", "DROP EVENT":
		return append(c.namedState(), c.sequenceFaults()...)
	case "RENAME TABLE":
		out = c.renameState()
	case "LOCK TABLES":
		out = append(out, c.lockKinds()...)
		for _, id := range c.tables {
			if c.missing(id) {
				out = append(out, "there is no table "+quoted(id))
			}
		}
	case "SET":
		if c.depth > 0 { // a variable of the routine
			return nil
		}
		return c.settingFaults(c.body)
	case "ALTER USER":
		out = append(out, c.loginFaults()...)
	case "CREATE USER", "CREATE ROLE":
		out = append(out, c.loginFaults()...)
		out = append(out, c.accountState()...)
	case "SELECT":
		if why := uneven(c.s.Text); why != "" {
			out = append(out, why)
		}
		out = append(append(out, c.selectFaults()...), c.nameFaults(c.s.Text)...)
		return append(out, c.absentPartition()...)
	case "EXECUTE":
		out = append(out, c.preparedFaults()...)
	case "PREPARE", "DEALLOCATE", "DROP PREPARE":
		return c.preparedFaults()
	case "GRANT":
		if id := c.grantedTable(); id.Name != "" && !after(Syntax.Tokens(c.body), "CREATE") && c.missing(id) && c.routine(id.Name) == nil {
			out = append(out, "there is no table "+quoted(id))
		}
		out = append(out, c.grantedColumns()...)
		out = append(out, c.grantFaults()...)
	case "TRUNCATE", "UPDATE", "DELETE", "INSERT", "REPLACE", "LOAD":
		out = append(out, c.writtenState(k)...)
		out = append(out, c.readsItself()...)
		out = append(out, c.absentPartition()...)
	case "CREATE DATABASE", "ALTER DATABASE", "CREATE SCHEMA", "ALTER SCHEMA":
		out = append(out, c.databaseFaults()...)
	}
	if len(c.clauses) > 0 {
		out = append(out, c.alterState(k)...)
	}
	return out
}

// writtenState says how a statement that writes rows, or empties the table, doesn't fit it.
func (c *call) writtenState(k *lint.Relation) []string {
	var out []string
	if k != nil && k.Kind == "sequence" && c.verb != "INSERT" && c.verb != "REPLACE" && !c.joined {
		out = append(out, quoted(c.table)+" is a sequence")
	}
	if k != nil && k.Kind == "view" && c.verb != "TRUNCATE" && !c.joined && !updatable(k.Options["definition"]) {
		out = append(out, "nothing can be written through the view "+quoted(c.table))
	}
	if c.missing(c.table) && !c.joined {
		out = append(out, "there is no table "+quoted(c.table))
	}
	if c.selects {
		out = append(out, c.copiedFaults(k)...)
	}
	if c.verb == "TRUNCATE" && k != nil && c.maria && k.Options["system versioning"] != "" {
		out = append(out, quoted(c.table)+" is system-versioned, and can't be truncated")
	}
	if c.verb == "TRUNCATE" && k != nil {
		if k.Kind == "view" {
			out = append(out, quoted(c.table)+" is a view")
		}
		if child := c.child(k, nil); child != "" && !c.unchecked {
			out = append(out, "a foreign key of "+child+" points at "+quoted(c.table))
		}
	}
	return out
}

func (c *call) accountState() []string {
	var out []string
	for _, a := range created(c.body) {
		if c.accounts[a] && !c.ifNotExists && !c.replace {
			out = append(out, "there is an account "+a+" already")
		}
	}
	return out
}

func (c *call) createState(k *lint.Relation) []string {
	var out []string
	if k != nil && !k.Partial && !c.ifNotExists && !c.replace && !c.temporary && k.Schema == c.table.Schema {
		out = append(out, "there is a table "+quoted(c.table)+" already")
	}
	if c.like.Name != "" && c.missing(c.like) {
		out = append(out, "there is no table "+quoted(c.like))
	}
	if o := c.relation(c.like); c.like.Name != "" && o != nil && o.Kind == "view" {
		out = append(out, quoted(c.like)+" is a "+o.Kind)
	}
	if c.selects && c.body != "" {
		q := readQuery(c.body)
		out = append(out, c.queryFaults(q, false, true)...)
		out = append(out, c.valueless(q)...)
	}
	return out
}

// valueless are columns that a CREATE TABLE … SELECT gives no value, and that need one.
func (c *call) valueless(q query) []string {
	names, ok := c.result(q)
	if !ok || slices.Contains(names, "") {
		return nil
	}
	var out []string
	for _, col := range c.columns {
		if col.notNull && !col.hasDef && !col.auto && col.generated == "" && !holds(names, col.name) && !primaryKeyed(c.keys, col.name) {
			out = append(out, "the query gives no value for "+quote(col.name)+", which is NOT NULL and has no default")
		}
	}
	return out
}

func primaryKeyed(keys []key, name string) bool {
	return slices.ContainsFunc(keys, func(k key) bool {
		return k.kind == "primary" && slices.ContainsFunc(k.parts, func(p schema.IndexColumn) bool { return same(p.Name, name) })
	})
}

// whole reports whether everything of a table is known.
func whole(k *lint.Relation) bool { return k != nil && !k.Partial && len(k.Columns) > 0 }

func (c *call) dropState() []string {
	var out []string
	if c.temporary {
		return c.dropTemporaryState()
	}
	for _, id := range c.tables {
		k := c.relation(id)
		switch {
		case c.missing(id) && !c.ifExists:
			out = append(out, "there is no "+strings.ToLower(c.verb[5:])+" "+quoted(id))
		case k == nil || k.Partial:
		case c.ofOtherKind(id):
			if !c.ifExists {
				out = append(out, quoted(id)+" is a "+k.Kind)
			}
		case c.verb == "DROP TABLE" && !c.unchecked:
			before := c.tables
			if c.maria { // one after the other
				before = nil
				for _, o := range c.tables {
					if o == id {
						break
					}
					before = append(before, o)
				}
			}
			if child := c.child(k, before); child != "" {
				out = append(out, "a foreign key of "+child+" points at "+quoted(id))
			}
		}
	}
	return out
}

// otherKind: DROP TABLE of a view and DROP VIEW of a table, which IF EXISTS leaves alone.
func (j *judge) otherKind(verb string, id schema.Ident) bool {
	k := j.relation(id)
	return k != nil && !k.Partial && (verb == "DROP VIEW" && k.Kind != "view" || verb == "DROP TABLE" && k.Kind == "view")
}

func (c *call) ofOtherKind(id schema.Ident) bool { return c.otherKind(c.verb, id) }

// dropTemporaryState: DROP TEMPORARY TABLE sees no other tables.
func (c *call) dropTemporaryState() []string {
	var out []string
	for _, id := range c.tables {
		if k := c.relation(id); c.verb == "DROP TABLE" && !c.ifExists && k != nil && !k.Partial && k.Kind == "table" && !k.Fresh {
			out = append(out, "there is no temporary table "+quoted(id))
		}
	}
	return out
}

// child names a table with a foreign key that points at k, but for those that go, too.
func (j *judge) child(k *lint.Relation, gone []schema.Ident) string {
	for _, q := range k.Constraints {
		if q.Incoming && q.Ref.Name != "" && !same(q.Ref.Name, k.Name) && !among(gone, q.Ref.Name) {
			return quoted(q.Ref)
		}
	}
	found := ""
	j.catalog.Relations(func(r *lint.Relation) {
		if r == k || among(gone, r.Name) {
			return
		}
		for _, q := range r.Constraints {
			if q.Kind == schema.ForeignKey && !q.Incoming && same(q.Ref.Name, k.Name) && (q.Ref.Schema == "" || q.Ref.Schema == k.Schema || k.Schema == "") {
				found = quoted(r.Ident)
			}
		}
	})
	return found
}

func among(list []schema.Ident, name string) bool {
	for _, id := range list {
		if same(id.Name, name) {
			return true
		}
	}
	return false
}

func (c *call) renameState() []string {
	var out []string
	there := map[string]bool{}
	for i, id := range c.tables {
		if c.missing(id) && !there[lower(id.Name)] && !c.ifExists {
			out = append(out, "there is no table "+quoted(id))
		}
		if to := c.to[i]; to.Schema == id.Schema {
			k := c.relation(to)
			gone, known := there[lower(to.Name)]
			if id == to || known && gone || !known && k != nil && !k.Partial && k.Schema == to.Schema && !same(id.Name, to.Name) {
				out = append(out, "there is a table "+quoted(to)+" already")
			}
			there[lower(to.Name)] = true
		}
		there[lower(id.Name)] = false
	}
	return out
}

// alterState looks at each clause of an ALTER TABLE, CREATE INDEX or DROP INDEX.
func (c *call) alterState(k *lint.Relation) []string {
	if c.missing(c.table) {
		if c.ifExists && c.verb == "ALTER TABLE" && c.maria {
			return nil
		}
		return []string{"there is no table " + quoted(c.table)}
	}
	if k != nil && k.Kind == "view" {
		return []string{quoted(c.table) + " is a view"}
	}
	if k != nil && k.Kind == "sequence" && c.any(func(x clause) bool {
		return strings.HasSuffix(x.kind, " column") || x.kind == "modify" || x.kind == "change"
	}) {
		return []string{quoted(c.table) + " is a sequence"}
	}
	if !whole(k) {
		return c.twice()
	}
	var out []string
	added := map[string]bool{}
	gone := map[string]bool{}
	for _, x := range c.clauses {
		if c.versionedRefuses(k, x) {
			out = append(out, quoted(c.table)+" is system-versioned, and its columns and unique keys can't change unless system_versioning_alter_history = 'KEEP'")
			break
		}
	}
	for _, x := range c.clauses {
		why := c.clauseState(k, x, added, gone)
		if why == "" && c.maria {
			why = c.periodState(k, x)
		}
		if why != "" {
			out = append(out, why)
		}
	}
	return out
}

// versionedRefuses: MariaDB keeps the history of a versioned table as it is, unless the session says otherwise.
func (c *call) versionedRefuses(k *lint.Relation, x clause) bool {
	if !c.maria || c.keeps || k.Options["system versioning"] == "" {
		return false
	}
	switch x.kind {
	case "add column", "drop column", "modify", "change":
		return true
	case "add key":
		return x.key.kind == "unique" || x.key.kind == "primary"
	}
	return false
}

// twice finds what an ALTER does twice, whatever the table is.
func (c *call) twice() []string {
	var out []string
	seen := map[string]bool{}
	for _, x := range c.clauses {
		key := x.kind + " " + lower(x.name)
		if (x.kind == "add column" || x.kind == "drop column" || x.kind == "drop key") && x.name != "" {
			if seen[key] && !x.exists {
				out = append(out, x.kind+" "+quote(x.name)+" stands there twice")
			}
			seen[key] = true
		}
	}
	return out
}

func (c *call) clauseState(k *lint.Relation, x clause, added, gone map[string]bool) string {
	name := lower(x.name)
	there := k.Column(x.name) != nil && !gone["column "+name]
	table := quoted(c.table)
	after := func(col column) string {
		if col.after != "" && (k.Column(col.after) == nil && !added[lower(col.after)] || same(col.after, col.name)) {
			return fmt.Sprintf("%s has no column %s to put it behind", table, quote(col.after))
		}
		return ""
	}
	switch x.kind {
	case "add column":
		if (k.Column(x.name) != nil && !gone["column "+name] || added[name]) && !x.exists {
			return fmt.Sprintf("%s has a column %s already", table, quote(x.name))
		}
		if why := after(x.column); why != "" {
			return why
		}
		if c.maria && x.column.unversioned && k.Options["system versioning"] == "" {
			return table + " isn't system-versioned"
		}
		added[name] = true
	case "drop column", "modify", "change", "rename column", "set default", "drop default", "set visible":
		if !there && !x.exists {
			return fmt.Sprintf("%s has no column %s", table, quote(x.name))
		}
		if !there {
			return ""
		}
		if why := c.columnState(k, x); why != "" {
			return why
		}
		if x.kind == "drop column" || (x.kind == "modify" || x.kind == "change") {
			gone["column "+name] = true
		}
		return after(x.column)
	case "drop key", "rename key", "alter key":
		return c.indexState(k, x, gone)
	case "drop primary":
		if k.FindIndex("PRIMARY") == nil {
			return table + " has no primary key"
		}
	case "drop foreign":
		if q := k.FindConstraint(x.name); (q == nil || q.Kind != schema.ForeignKey) && !x.exists && c.named(k, schema.ForeignKey) {
			return fmt.Sprintf("%s has no foreign key %s", table, quote(x.name))
		}
	case "drop constraint", "alter check":
		return c.constraintState(k, x)
	case "add key":
		if x.key.kind == "primary" && k.FindIndex("PRIMARY") != nil && !c.dropsKey() {
			return table + " has a primary key already"
		}
		if q := k.FindIndex(x.key.name); q != nil && x.key.name != "" && x.key.kind != "foreign" && x.key.kind != "check" && !x.key.exists && !c.replace && !c.drops1(x.key.name) {
			return fmt.Sprintf("%s has an index %s already", table, quote(x.key.name))
		}
	case "add versioning":
		if k.Options["system versioning"] != "" {
			return table + " is system-versioned already"
		}
	case "rename":
		if other := c.relation(x.toID); other != nil && !other.Partial && other != k && x.toID.Schema == other.Schema {
			return "there is a table " + quoted(x.toID) + " already"
		}
	case "convert", "option":
	default:
		if strings.Contains(x.kind, "partition") {
			return c.partitionState(k, x)
		}
	}
	return ""
}

// named: every constraint of the kind has a name, so that one that isn't found isn't there.
func (j *judge) named(k *lint.Relation, kind schema.ConstraintKind) bool {
	for _, q := range k.Constraints {
		if q.Kind == kind && q.Name == "" && !(j.maria && kind == schema.Check && len(q.Columns) == 1) { // MariaDB: a column's own CHECK has no name
			return false
		}
	}
	return true
}

func (c *call) dropsKey() bool {
	for _, x := range c.clauses {
		if x.kind == "drop primary" {
			return true
		}
	}
	return false
}

// drops1 reports whether the statement drops or renames an index.
func (c *call) drops1(name string) bool {
	for _, x := range c.clauses {
		if (x.kind == "drop key" || x.kind == "rename key" || x.kind == "drop constraint") && same(x.name, name) {
			return true
		}
	}
	return false
}

func (c *call) indexState(k *lint.Relation, x clause, gone map[string]bool) string {
	i := k.FindIndex(x.name)
	switch {
	case (i == nil || gone["index "+lower(x.name)]) && !x.exists:
		return fmt.Sprintf("%s has no index %s", quoted(c.table), quote(x.name))
	case x.kind == "rename key" && k.FindIndex(x.to) != nil && !same(x.name, x.to) && !c.drops1(x.to):
		return fmt.Sprintf("%s has an index %s already", quoted(c.table), quote(x.to))
	}
	if x.kind == "rename key" && same(x.name, "PRIMARY") {
		return "the primary key has no other name"
	}
	if x.kind == "drop key" {
		gone["index "+lower(x.name)] = true
	}
	return ""
}

func (c *call) constraintState(k *lint.Relation, x clause) string {
	if x.exists || !c.named(k, schema.ForeignKey) || !c.named(k, schema.Check) {
		return ""
	}
	q, i := k.FindConstraint(x.name), k.FindIndex(x.name)
	isCheck := q != nil && q.Kind == schema.Check
	switch {
	case x.kind == "alter check" && !isCheck, strings.Contains(strings.ToUpper(x.text), "DROP CHECK") && !isCheck:
		return fmt.Sprintf("%s has no CHECK %s", quoted(c.table), quote(x.name))
	case q == nil && (i == nil || !i.Unique):
		return fmt.Sprintf("%s has no constraint %s", quoted(c.table), quote(x.name))
	}
	return ""
}

// columnState says what uses a column that is dropped, renamed or given another type.
func (c *call) columnState(k *lint.Relation, x clause) string {
	renamed := x.to != "" && !same(x.to, x.name)
	if renamed && k.Column(x.to) != nil && !c.moves(x.to) {
		return fmt.Sprintf("%s has a column %s already", quoted(c.table), quote(x.to))
	}
	if x.kind != "drop column" && !(renamed && !c.maria) {
		return ""
	}
	what := quoted(c.table) + "." + quote(x.name)
	for i := range k.Columns {
		g := &k.Columns[i]
		if g.Generated != "" && !same(g.Name, x.name) && mentions(g.Definition, x.name) && !c.dropsColumn1(g.Name) && !c.redefined(g.Name) {
			return fmt.Sprintf("the generated column %s uses %s", quote(g.Name), what)
		}
	}
	if why := c.constrained(k, x, what); why != "" {
		return why
	}
	for _, i := range k.Indexes {
		for _, p := range i.Columns {
			if p.Expression != "" && mentions(p.Expression, x.name) && !c.drops1(i.Name) {
				return fmt.Sprintf("the index %s uses %s in an expression", quote(i.Name), what)
			}
		}
	}
	if k.Bound != "" && mentions(readPartitioning(k.Bound).key, x.name) {
		return "the table is partitioned by " + what
	}
	return ""
}

// constrained looks at CHECKs and foreign keys.
func (c *call) constrained(k *lint.Relation, x clause, what string) string {
	for _, q := range k.Constraints {
		if c.dropsConstraint(q.Name) {
			continue
		}
		switch {
		case q.Kind == schema.Check && mentions(q.Definition, x.name):
			alone := true
			for _, o := range k.Columns {
				alone = alone && (same(o.Name, x.name) || !mentions(q.Definition, o.Name))
			}
			if !alone || x.kind != "drop column" {
				return fmt.Sprintf("the CHECK %s uses %s", quote(q.Name), what)
			}
		case q.Kind == schema.ForeignKey && x.kind == "drop column" && holds(q.Columns, x.name):
			return fmt.Sprintf("the foreign key %s uses %s", quote(q.Name), what)
		}
	}
	if x.kind == "drop column" && c.pointedAt(k, x.name) {
		return "a foreign key of another table points at " + what
	}
	return ""
}

// pointedAt reports whether a foreign key of another table refers to a column.
func (j *judge) pointedAt(k *lint.Relation, column string) bool {
	found := false
	for _, q := range k.Constraints {
		found = found || q.Incoming && q.Kind == schema.ForeignKey && holds(q.Columns, column)
	}
	j.catalog.Relations(func(r *lint.Relation) {
		for _, q := range r.Constraints {
			found = found || q.Kind == schema.ForeignKey && !q.Incoming && same(q.Ref.Name, k.Name) && holds(q.RefColumns, column)
		}
	})
	return found
}

func (c *call) any(f func(x clause) bool) bool {
	for _, x := range c.clauses {
		if f(x) {
			return true
		}
	}
	return false
}

func (c *call) dropsColumn1(name string) bool {
	return c.any(func(x clause) bool { return x.kind == "drop column" && same(x.name, name) })
}

func (c *call) redefined(name string) bool {
	return c.any(func(x clause) bool { return (x.kind == "modify" || x.kind == "change") && same(x.name, name) })
}

func (c *call) dropsConstraint(name string) bool {
	return name != "" && c.any(func(x clause) bool {
		return (x.kind == "drop foreign" || x.kind == "drop constraint") && same(x.name, name)
	})
}

// moves: the statement drops or renames a column, so that its name is free.
func (c *call) moves(name string) bool {
	return c.any(func(x clause) bool {
		return same(x.name, name) && (x.kind == "drop column" || (x.kind == "rename column" || x.kind == "change") && !same(x.to, name))
	})
}

// databaseFaults looks at the character set and the collation of a database.
func (c *call) databaseFaults() []string {
	cur, charset, collate := newCursor(c.body), "", ""
	for ; !cur.done(); cur.skip() {
		switch {
		case cur.at("CHARACTER", "SET"), cur.at("CHARSET"):
			cur.i += map[bool]int{true: 1, false: 2}[cur.at("CHARSET")]
			cur.take("=")
			charset = cur.peek(0).Value()
		case cur.at("COLLATE"):
			cur.skip()
			cur.take("=")
			collate = lower(cur.peek(0).Value())
		}
	}
	if why := c.encoding(normalCharset(charset), collate); why != "" {
		return []string{why}
	}
	return nil
}

// lockKinds are the words behind a table in LOCK TABLES; MariaDB has more of them, and WAIT.
func (c *call) lockKinds() []string {
	for _, how := range c.how {
		t := Syntax.Tokens(how)
		for len(t) > 1 && !t[0].Is("READ") && !t[0].Is("WRITE") && !t[0].Is("LOW_PRIORITY") { // an alias
			t = t[1:]
		}
		if w := strings.ToUpper(plainWords(t)); !c.maria && w != "READ" && w != "WRITE" && w != "READ LOCAL" {
			return []string{"there is no lock " + w}
		}
	}
	return nil
}
