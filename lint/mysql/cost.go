package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// algorithm is how the server carries out a clause, from the cheapest on.
type algorithm int

// The algorithms. InPlace needs no new table, Rebuild writes the table anew beside writes.
const (
	instant algorithm = iota
	inPlace
	rebuild
	copying
)

func (a algorithm) String() string {
	return [...]string{"INSTANT", "INPLACE", "INPLACE with a rebuild", "COPY"}[a]
}

// cost is what a clause does on a table in use.
type cost struct {
	rule   string // under which rule it is told
	how    algorithm
	shared bool   // writes wait: LOCK=SHARED
	why    string // what takes the time
	fails  string // it fails, and why
}

// blocks reports whether writes wait for a time that grows with the table.
func (c cost) blocks() bool { return c.shared || c.how == copying }

// cost is the cost of one clause on a table. k is nil where nothing is known of the table.
func (j *judge) cost(s *statement, c clause, k *lint.Relation) cost {
	if k != nil && k.Storage != "" && !same(k.Storage, "innodb") {
		return j.otherEngine(s, c, k)
	}
	k = withoutDropped(s, k)
	x := j.innodbCost(s, c, k)
	if spatial(k) && !x.shared && x.fails == "" && (x.how == rebuild || x.how == instant && j.mixed(s, c)) {
		why := x.why
		if why == "" {
			why = "together with the other clauses this writes the table anew"
		}
		return cost{"rebuild-table", inPlace, true, why + ", and writes wait for that where the table has a SPATIAL index", ""}
	}
	return x
}

// mixed: a column comes or goes together with what isn't INSTANT, so that the table is written anew. MariaDB does so only for an index.
func (j *judge) mixed(s *statement, c clause) bool {
	if c.kind != "add column" && c.kind != "drop column" || c.column.generated != "" {
		return false
	}
	return slices.ContainsFunc(s.clauses, func(o clause) bool {
		switch o.kind {
		case "add column":
			return o.column.unique || o.column.primary
		case "add key":
			return o.key.kind != "check" || o.key.enforced
		case "drop column", "rename column", "set default", "drop default":
			return false
		}
		return !j.maria
	})
}

// withoutDropped is the table without the FULLTEXT and SPATIAL indexes that the statement drops: what stands beside that is done as on a table
// that never had them.
func withoutDropped(s *statement, k *lint.Relation) *lint.Relation {
	drops := func(x schema.Index) bool {
		return x.Method != "" && slices.ContainsFunc(s.clauses, func(c clause) bool { return c.kind == "drop key" && same(c.name, x.Name) })
	}
	if k == nil || !slices.ContainsFunc(k.Indexes, drops) {
		return k
	}
	bare := *k
	bare.Indexes = slices.DeleteFunc(slices.Clone(k.Indexes), drops)
	return &bare
}

// innodbCost is the cost on a table of InnoDB.
func (j *judge) innodbCost(s *statement, c clause, k *lint.Relation) cost {
	switch c.kind {
	case "add column":
		return j.addColumn(s, c, k)
	case "drop column":
		return j.dropsColumn(c, k)
	case "modify", "change":
		x := j.modify(s, c, k)
		if x.how != copying && x.fails == "" && indexed(s, c.name) && j.otherCharset(c, k) {
			return cost{"change-type", copying, true, "another character set together with an index on the column copies the table", ""}
		}
		return x
	case "rename column":
		if !j.maria && j.version < 80000 || j.maria && j.version < 100502 {
			return cost{rule: "not-on-this-version", fails: "RENAME COLUMN isn't known on this version"}
		}
	case "add key":
		return j.addKey(c.key, k)
	case "drop primary":
		return j.dropsPrimary(s, k)
	case "convert":
		return j.converts(c, k)
	case "option":
		return j.option(c, k)
	case "force":
		return j.rebuilt(k, "FORCE")
	case "order by":
		return cost{"order-by", copying, true, "ORDER BY copies the table", ""}
	case "validation":
		if c.value == "with" {
			return cost{"change-type", copying, true, "WITH VALIDATION copies the table to look at the values of virtual columns", ""}
		}
	case "alter check":
		if c.value == "enforced" && !enforced(k, c.name) {
			return cost{"add-check", copying, true, "the table is copied to verify every row", ""}
		}
	case "drop period":
		if !same(c.value, "SYSTEM_TIME") {
			return cost{}
		}
		return cost{"system-versioning", copying, true, "the table is copied", ""}
	case "add versioning", "drop versioning", "add period":
		return cost{"system-versioning", copying, true, "the table is copied", ""}
	}
	return j.partition(c, k)
}

// enforced: the CHECK is known, and holds already.
func enforced(k *lint.Relation, name string) bool {
	q := k.FindConstraint(name)
	return q != nil && !q.NotValid
}

// whole is a clause that writes the table anew by its own nature.
func (j *judge) rebuilt(k *lint.Relation, what string) cost {
	if j.maria && indexedVirtual(k) {
		return cost{"rebuild-table", inPlace, true, what + " writes a table that has an index on a virtual column anew while writes wait", ""}
	}
	if fulltext(k) {
		return cost{"rebuild-table", copying, true, what + " copies a table that has a FULLTEXT index", ""}
	}
	return cost{"online-rebuild", rebuild, false, what + " writes the table anew", ""}
}

// instantly is what is INSTANT in general but not on every table.
func (j *judge) instantly(rule string, k *lint.Relation, since lint.Version) cost {
	switch {
	case fulltext(k):
		return cost{rule, copying, true, "a table with a FULLTEXT index can't be changed INSTANTly, and is copied", ""}
	case compressed(k):
		return cost{"online-rebuild", rebuild, false, "a table with ROW_FORMAT=COMPRESSED can't be changed INSTANTly, and is written anew", ""}
	case j.version < since:
		return cost{"online-rebuild", rebuild, false, "this version writes the table anew for it", ""}
	case k != nil && k.NoInstant != "":
		return cost{"online-rebuild", rebuild, false, k.NoInstant, ""}
	}
	return cost{}
}

func (j *judge) addColumn(s *statement, c clause, k *lint.Relation) cost {
	col := c.column
	const rule = "add-column-blocking"
	switch {
	case c.exists && !j.maria:
		return cost{rule: "not-on-this-version", fails: "MySQL has no ADD COLUMN IF NOT EXISTS"}
	case col.generated == "stored":
		return cost{rule, copying, true, "a STORED generated column is computed for every row", ""}
	case col.auto:
		return cost{rule, rebuild, true, "AUTO_INCREMENT numbers every row", ""}
	case j.exprCopies(col):
		return cost{rule, copying, true, "a default that is an expression is computed for every row", ""}
	case col.check && !j.maria && j.version >= 80016:
		return cost{rule, copying, true, "a column with a CHECK makes the table be copied", ""}
	case col.refs != nil && (j.maria || j.version >= 90000):
		return cost{rule, copying, true, "a foreign key is added by copying the table", ""}
	case col.generated == "virtual":
		if indexed(s, col.name) {
			return cost{rule, inPlace, true, "an index on a virtual column that is added with it is built while writes wait", ""}
		}
		switch {
		case j.maria && k != nil && k.Partitioned:
			return cost{rule, copying, true, "a virtual column makes a partitioned table be copied", ""}
		case !j.maria && k != nil && slices.ContainsFunc(k.Indexes, onExpression):
			return cost{rule, copying, true, "a virtual column makes a table with an index on an expression be copied, which is a hidden one of its kind", ""}
		case !j.besideVirtual(s):
			return cost{rule, copying, true, "a virtual column that is added together with something of another kind makes the table be copied", ""}
		case shifts(s, col, k):
			return cost{rule, copying, true, "a virtual column that is put in front of another one makes the table be copied", ""}
		}
		return cost{}
	case col.unique && j.maria && j.hashedType(inherited(col, k), 0):
		return cost{rule, copying, true, "a unique key that is too long for an index is kept as a hash, for which the table is copied", ""}
	case col.unique || col.primary:
		return cost{"online-rebuild", rebuild, false, "an index is built", ""}
	case j.maria && indexedVirtual(k):
		return cost{rule, inPlace, true, "on a table with an index on a virtual column the table is written anew while writes wait", ""}
	case j.maria && shifts(s, col, k):
		return cost{rule, copying, true, "a column that is put in front of a virtual one makes the table be copied", ""}
	case j.maria && overlapsKey(k):
		return cost{rule, copying, true, "a column makes a table be copied that has a key WITHOUT OVERLAPS", ""}
	}
	return j.instantly(rule, k, j.sinceAdd(col))
}

// onExpression: a part of the index is an expression.
func onExpression(x schema.Index) bool {
	return slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool { return p.Expression != "" })
}

// sinceAdd is the version since which a column is added INSTANTly.
func (j *judge) sinceAdd(col column) lint.Version {
	anywhere := col.first || col.after != ""
	switch {
	case j.maria && anywhere:
		return 100400
	case j.maria:
		return 100302
	case anywhere:
		return 80029
	}
	return 80012
}

// exprCopies: on MySQL every expression does, on MariaDB one that gives rows values of their own.
func (j *judge) exprCopies(col column) bool {
	t := Syntax.Tokens(col.def)
	if j.maria && len(t) > 0 && t[0].Is("UTC_TIMESTAMP") { // unlike NOW() it isn't kept as a constant
		return true
	}
	if !col.expr {
		return false
	}
	if !j.maria {
		return true
	}
	for i, x := range t {
		called := i+1 < len(t) && t[i+1].Is("(")
		if x.Kind == lint.Quoted || x.Kind == lint.Word && (called && perRow(x.Text) || x.Is("NEXT") || !called && !operatorWord(x.Text) && !now(x.Text)) {
			return true // a function that varies, or another column
		}
	}
	return false
}

func (j *judge) dropsColumn(c clause, k *lint.Relation) cost {
	if c.exists && !j.maria {
		return cost{rule: "not-on-this-version", fails: "MySQL has no DROP COLUMN IF EXISTS"}
	}
	if k != nil {
		for _, x := range k.Indexes {
			if x.Primary && len(x.Columns) > 0 && same(x.Columns[0].Name, c.name) {
				return cost{"primary-key", copying, true, "without its primary key the table is copied", ""}
			}
		}
	}
	since := lint.Version(80029)
	if j.maria {
		since = 100400
	}
	return j.instantly("drop-column-blocking", k, since)
}

func (j *judge) addKey(q key, k *lint.Relation) cost {
	functional := false
	for _, p := range q.parts {
		functional = functional || p.Expression != ""
	}
	switch {
	case q.kind == "fulltext":
		return cost{"fulltext-spatial-index", inPlace, true, "a FULLTEXT index is built while writes wait", ""}
	case q.kind == "spatial":
		return cost{"fulltext-spatial-index", inPlace, true, "a SPATIAL index is built while writes wait", ""}
	case q.kind == "vector":
		return cost{"fulltext-spatial-index", copying, true, "a VECTOR index is built while writes wait", ""}
	case q.kind == "foreign":
		if j.unchecked {
			return cost{}
		}
		return cost{"add-foreign-key", copying, true, "the table is copied to verify every row", ""}
	case q.kind == "check":
		if !q.enforced || !j.maria && j.version < 80016 {
			return cost{}
		}
		return cost{"add-check", copying, true, "the table is copied to verify every row", ""}
	case functional && (j.maria || j.version < 80013):
		return cost{rule: "not-on-this-version", fails: "an index on an expression isn't known there"}
	case functional:
		return cost{"functional-index", inPlace, true, "an index on an expression is built while writes wait", ""}
	case !j.maria && geometric(q, k):
		return cost{"fulltext-spatial-index", inPlace, true, "an index on a geometry is built while writes wait", ""}
	case q.kind == "primary":
		if j.maria && indexedVirtual(k) {
			return cost{"primary-key", inPlace, true, "a table that has an index on a virtual column is written anew while writes wait", ""}
		}
		if fulltext(k) {
			return cost{"primary-key", copying, true, "a primary key is added to a table with a FULLTEXT index by copying it", ""}
		}
		return cost{"online-rebuild", rebuild, false, "a primary key writes the table anew", ""}
	}
	if j.maria && q.kind == "unique" && j.hashed(q, k) {
		return cost{"index-build", copying, true, "a unique key that is too long for an index is kept as a hash, for which the table is copied", ""}
	}
	return cost{"index-build", inPlace, false, "the index is built", ""}
}

func (j *judge) dropsPrimary(s *statement, k *lint.Relation) cost {
	if j.maria && anotherKey(k) {
		return cost{"online-rebuild", rebuild, false, "the table is written anew in the order of another unique key", ""}
	}
	for _, c := range s.clauses {
		if c.kind == "add key" && c.key.kind == "primary" || c.kind == "add column" && c.column.primary {
			return cost{"online-rebuild", rebuild, false, "another primary key writes the table anew", ""}
		}
	}
	if !j.maria && !anotherKey(k) && addsUnique(s, k) {
		return cost{"online-rebuild", rebuild, false, "a unique key without NULL takes the primary key's place, and the table is written anew", ""}
	}
	return cost{"primary-key", copying, true, "without its primary key the table is copied", ""}
}

// addsUnique: the statement adds a unique key of columns that are never NULL.
func addsUnique(s *statement, k *lint.Relation) bool {
	for _, c := range s.clauses {
		all := c.kind == "add key" && c.key.kind == "unique"
		for _, p := range c.key.parts {
			col := k.Column(p.Name)
			all = all && col != nil && !col.Nullable && p.Prefix == 0
		}
		if all {
			return true
		}
	}
	return false
}

func (j *judge) option(c clause, k *lint.Relation) cost {
	switch c.name {
	case "engine":
		if c.value == "innodb" && (k == nil || k.Storage == "" || same(k.Storage, "innodb")) {
			return j.rebuilt(k, "ENGINE=InnoDB")
		}
		return cost{"change-engine", copying, true, "another engine copies the table", ""}
	case "row_format", "key_block_size", "autoextend_size", "page_compressed", "data directory":
		if c.name == "data directory" || j.maria && c.name == "page_compressed" && c.value == "0" {
			return cost{}
		}
		return j.rebuilt(k, c.name)
	case "tablespace":
		if j.maria {
			return cost{}
		}
		return j.rebuilt(k, "TABLESPACE")
	case "encryption", "encrypted":
		if c.name == "encryption" && j.maria {
			return cost{}
		}
		if c.value == "n" || c.value == "no" {
			if k != nil && k.Options["encryption"] != "y" && k.Options["encrypted"] != "yes" {
				return cost{}
			}
		}
		if j.maria {
			return cost{"rebuild-table", copying, true, "it fails without a plugin that holds keys, and with one every page is written anew", ""}
		}
		return cost{"encryption", copying, true, "the table is copied to encrypt or decrypt it", ""}
	case "union", "insert_method":
		return cost{}
	}
	return cost{}
}

func (j *judge) partition(c clause, k *lint.Relation) cost {
	const rule = "partition-maintenance"
	switch c.kind {
	case "add partition":
		if c.value == "" || c.value == "count" {
			return cost{rule, inPlace, true, "rows are spread anew over the partitions", ""}
		}
		if k != nil && j.maria && takesRest(k.Bound) {
			return cost{rule, inPlace, true, "rows of the DEFAULT partition are moved into the new one", ""}
		}
	case "coalesce partition":
		return cost{rule, inPlace, true, "rows are spread anew over the partitions", ""}
	case "reorganize partition":
		return cost{rule, inPlace, true, "the partitions' rows are copied", ""}
	case "rebuild partition":
		return cost{rule, inPlace, true, "the partition is written anew", ""}
	case "optimize partition":
		return j.rebuilt(k, "OPTIMIZE PARTITION")
	case "partition by":
		return cost{"partition-table", copying, true, "the table is copied into partitions", ""}
	case "remove partitioning":
		return cost{"partition-table", copying, true, "the table is copied out of its partitions", ""}
	case "exchange partition":
		if c.to != "without" {
			return cost{rule, inPlace, true, "every row of the table is read to see that it fits the partition", ""}
		}
	case "convert partition":
		return cost{rule, inPlace, true, "every row is read to see that it fits", ""}
	case "import tablespace":
		return cost{rule, copying, true, "the imported file is read and rewritten", ""}
	}
	return cost{}
}

func fulltext(k *lint.Relation) bool {
	if k == nil {
		return false
	}
	for _, x := range k.Indexes {
		if same(x.Method, "fulltext") {
			return true
		}
	}
	return false
}

func spatial(k *lint.Relation) bool {
	return k != nil && slices.ContainsFunc(k.Indexes, func(x schema.Index) bool { return same(x.Method, "spatial") })
}

func compressed(k *lint.Relation) bool { return k != nil && k.Options["row_format"] == "compressed" }

func virtual(k *lint.Relation) bool {
	if k == nil {
		return false
	}
	for _, c := range k.Columns {
		if c.Generated == "virtual" {
			return true
		}
	}
	return false
}

// indexed: the same ALTER puts an index on the column.
func indexed(s *statement, column string) bool {
	for _, c := range s.clauses {
		if c.kind == "add key" {
			for _, p := range c.key.parts {
				if same(p.Name, column) {
					return true
				}
			}
		}
	}
	return false
}

// hashed: MariaDB keeps a unique key that is too long for an index as a hash.
func (j *judge) hashed(q key, k *lint.Relation) bool {
	for _, p := range q.parts {
		c := k.Column(p.Name)
		if c == nil {
			continue
		}
		if t, ok := parseType(c.Type); ok {
			t.charset = c.Charset
			if j.hashedType(t, p.Prefix) {
				return true
			}
		}
	}
	return false
}

func (j *judge) hashedType(t typ, prefix int) bool {
	switch {
	case strings.HasSuffix(t.name, "text"), strings.HasSuffix(t.name, "blob"), t.name == "json":
		return prefix == 0 || prefix*narrow(t.charset) > 3072
	case t.name == "varchar":
		return max(prefix, t.arg(0, 0))*narrow(t.charset) > 3072 && (prefix == 0 || prefix*narrow(t.charset) > 3072)
	case t.name == "varbinary":
		return t.arg(0, 0) > 3072 && (prefix == 0 || prefix > 3072)
	}
	return false
}

// inherited is a new column's type with the character set that it takes from the table.
func inherited(col column, k *lint.Relation) typ {
	t := col.typ
	if t.text() && t.charset == "" && k != nil {
		t.charset = k.Options["charset"]
	}
	return t
}

// indexedVirtual: an index holds a virtual column.
func indexedVirtual(k *lint.Relation) bool {
	if k == nil {
		return false
	}
	for _, c := range k.Columns {
		if c.Generated == "virtual" && inIndex(k, c.Name) {
			return true
		}
	}
	return false
}

// besideVirtual: nothing stands beside a new virtual column for which the server copies the table.
func (j *judge) besideVirtual(s *statement) bool {
	return !slices.ContainsFunc(s.clauses, func(c clause) bool {
		switch c.kind {
		case "add column":
			return j.maria && c.column.generated != "virtual"
		case "add key":
			return j.maria && c.key.kind != "index"
		case "drop column", "drop key":
			return false
		case "option", "modify", "change", "force":
			return true
		}
		return j.maria
	})
}

// shifts: by the place that a column is put at, a virtual column gets another number.
func shifts(s *statement, col column, k *lint.Relation) bool {
	if k == nil || !col.first && col.after == "" || addedAtEnd(s, col.after) {
		return false
	}
	var order []string
	if col.first {
		order = append(order, col.name)
	}
	for i := range k.Columns {
		name := k.Columns[i].Name
		if !same(name, col.name) {
			order = append(order, name)
		}
		if same(name, col.after) {
			order = append(order, col.name)
		}
	}
	for i := range k.Columns {
		if k.Columns[i].Generated == "virtual" && (i >= len(order) || !same(order[i], k.Columns[i].Name)) {
			return true
		}
	}
	return false
}

// addedAtEnd: an earlier clause adds the column at the end of the table.
func addedAtEnd(s *statement, name string) bool {
	for _, c := range s.clauses {
		if c.kind == "add column" && same(c.name, name) {
			return !c.column.first && c.column.after == ""
		}
	}
	return false
}

// anotherKey: a unique key without NULL takes the primary key's place.
func anotherKey(k *lint.Relation) bool {
	if k == nil {
		return false
	}
	for _, x := range k.Indexes {
		ok := x.Unique && !x.Primary && x.Method == "" && len(x.Columns) > 0
		for _, p := range x.Columns {
			c := k.Column(p.Name)
			ok = ok && c != nil && !c.Nullable && p.Prefix == 0 && c.Generated == ""
		}
		if ok {
			return true
		}
	}
	return false
}

// geometric: a part of a plain index is a geometry.
func geometric(q key, k *lint.Relation) bool {
	for _, p := range q.parts {
		if c := k.Column(p.Name); c != nil {
			if t, ok := parseType(c.Type); ok && t.geometry() {
				return true
			}
		}
	}
	return false
}

// varying functions give each row a value of its own.
func varying(word string) bool {
	return perRow(word) || same(word, "rand") || same(word, "connection_id")
}

// perRow functions give each row a value of its own where MariaDB adds a column; others are asked once.
func perRow(word string) bool {
	switch lower(word) {
	case "uuid", "uuid_short", "sys_guid", "random_bytes", "nextval", "lastval", "last_insert_id", "sysdate", "uuid_v4", "uuid_v7", "get_lock":
		return true
	}
	return false
}
