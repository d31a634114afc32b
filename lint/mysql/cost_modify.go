package mysql

import (
	"maps"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

func same(a, b string) bool { return strings.EqualFold(a, b) }
func lower(s string) string { return strings.ToLower(s) }

// modify is the cost of MODIFY and CHANGE: what differs between the old and the new definition decides.
func (j *judge) modify(s *statement, c clause, k *lint.Relation) cost {
	const rule = "change-type"
	was := k.Column(c.name)
	if was == nil {
		return cost{rule, copying, true, "the old definition isn't known, and most changes of a type copy the table", ""}
	}
	from, ok := parseType(was.Type)
	if !ok {
		return cost{rule, copying, true, "the old type isn't known, and most changes of a type copy the table", ""}
	}
	from.charset, from.collate = was.Charset, was.Collation
	to := j.inherit(c.column.typ, withDefaults(s, k))
	from = j.told(from, to)
	col := c.column
	switch {
	case k != nil && !j.unchecked && !sameType(from, to) && (locked(k, c.name) || j.pointedAt(k, c.name) && (j.maria || from.name != to.name || from.unsigned != to.unsigned)):
		return cost{rule: "invalid-definition", fails: "a foreign key uses the column, so its type can't change"}
	case was.Generated != "" || col.generated != "":
		return j.generated(s, was, col, k)
	case j.maria && col.compressed != (k.Options[compression(c.name)] != ""):
		return cost{rule, copying, true, "a column that is COMPRESSED is stored in another way, so that the table is copied", ""}
	case !j.maria && from.geometry() && was.Class == "" && k.Options[reference(c.name)] != col.srid && !(col.srid == "" && k.Options[reference(c.name)] == "0"): // known only of a schema in SQL
		if inIndex(withoutDropped(s, k), c.name) {
			return cost{rule: "invalid-definition", fails: "the SRID of a column can't change while a SPATIAL index holds it"}
		}
		return cost{rule, copying, true, "another SRID copies the table to look at every value", ""}
	case col.check && !j.maria && j.version >= 80016:
		return cost{"add-check", copying, true, "the table is copied to verify every row", ""}
	case col.auto && was.Identity == "":
		return cost{rule, copying, true, "AUTO_INCREMENT for a column that is there copies the table", ""}
	}
	if j.maria && uniqueOn(k, c.name) && j.hashedType(to, 0) && !j.hashedType(from, 0) {
		return cost{rule, copying, true, "a unique key that is too long for an index is kept as a hash, for which the table is copied", ""}
	}
	if !j.maria && from.name == "varchar" && to.arg(0, 0) != from.arg(0, 0) && checksTime(k) {
		return cost{rule, copying, true, "another length copies a table that has a CHECK of a date or a time", ""}
	}
	if x := j.retype(from, to, c.name, k); x.how == copying || x.fails != "" {
		return x
	} else if x.how > instant {
		return x
	}
	return j.besideType(s, was, col, k)
}

// withDefaults is the table with the character set that the statement gives it, which its columns take that name none.
func withDefaults(s *statement, k *lint.Relation) *lint.Relation {
	i := slices.IndexFunc(s.clauses, func(c clause) bool { return c.kind == "option" && (c.name == "charset" || c.name == "collate") })
	if k == nil || i < 0 {
		return k
	}
	then := *k
	then.Options = maps.Clone(k.Options)
	for _, c := range s.clauses {
		switch {
		case c.kind == "option" && c.name == "charset":
			then.Options["charset"], then.Options["collate"] = normalCharset(c.value), ""
		case c.kind == "option" && c.name == "collate":
			then.Options["charset"], then.Options["collate"] = charsetOf(c.value), c.value
		}
	}
	return &then
}

// checksTime: a CHECK that holds names a column of a date or a time. MySQL takes another length of whatever column for a reason to look
// at every row again, as it doesn't for other CHECKs.
func checksTime(k *lint.Relation) bool {
	for _, q := range k.Constraints {
		if q.Kind != schema.Check || q.Incoming || q.NotValid {
			continue
		}
		for i := range k.Columns {
			if t, ok := parseType(k.Columns[i].Type); ok && temporal(t) && mentions(q.Definition, k.Columns[i].Name) {
				return true
			}
		}
	}
	return false
}

// told gives a text the server's default character set where the schema doesn't say which, and the new type does.
func (j *judge) told(from, to typ) typ {
	if from.text() && from.charset == "" && to.charset != "" && !j.maria && j.version >= 80000 {
		from.charset = "utf8mb4"
	}
	return from
}

// sameType reports whether values are kept in the same way.
func sameType(a, b typ) bool {
	return a.name == b.name && a.unsigned == b.unsigned && slices.Equal(a.fill(), b.fill()) && slices.Equal(a.values, b.values)
}

// besideType is what MODIFY does beside the type.
func (j *judge) besideType(s *statement, was *schema.Column, col column, k *lint.Relation) cost {
	notNull := col.notNull || col.primary
	moved := col.first || col.after != ""
	switch {
	case was.Identity != "" && !col.auto && !j.maria:
		return cost{"change-type", copying, true, "taking AUTO_INCREMENT away copies the table", ""}
	case was.Nullable && notNull:
		return j.rebuiltFor(k, "NOT NULL")
	case !was.Nullable && !notNull && inStandIn(k, was.Name):
		if _, left := keyless(j.after(s, k)); !left && j.after(s, k).FindIndex("PRIMARY") == nil {
			return cost{"primary-key", copying, true, "the table has no primary key, the column's key stands in for it, and NULL takes it away, so that the table is copied", ""}
		}
		return j.rebuiltFor(k, "NULL")
	case !was.Nullable && !notNull && !primaryPart(k, was.Name):
		if j.maria && (fulltext(k) || spatial(k) || indexedVirtual(k)) {
			return cost{"change-type", inPlace, true, "NULL writes a table that has a FULLTEXT or a SPATIAL index, or one on a virtual column, anew while writes wait", ""}
		}
		if j.maria {
			return cost{}
		}
		return j.rebuiltFor(k, "NULL")
	case moved && !j.maria:
		return j.rebuiltFor(k, "another place in the row")
	case moved && fulltext(k):
		return cost{"change-type", inPlace, true, "another place in the row writes a table that has a FULLTEXT index anew while writes wait", ""}
	case moved && shifts(s, col, k):
		return cost{"change-type", copying, true, "a column that is moved across a virtual one makes the table be copied", ""}
	}
	return cost{}
}

func (j *judge) rebuiltFor(k *lint.Relation, what string) cost {
	if fulltext(k) {
		return cost{"change-type", copying, true, what + " copies a table that has a FULLTEXT index", ""}
	}
	if j.maria && (indexedVirtual(k) || virtual(k) && stored(k)) {
		return cost{"change-type", copying, true, what + " copies a table that has a virtual column beside a STORED one or in an index", ""}
	}
	return cost{"online-rebuild", rebuild, false, what + " writes the table anew", ""}
}

// inherit gives a type what it takes from the table.
func (j *judge) inherit(t typ, k *lint.Relation) typ {
	if t.collate != "" && t.charset == "" {
		t.charset = charsetOf(t.collate)
	}
	if t.text() && t.charset == "" && k != nil {
		t.charset, t.collate = k.Options["charset"], k.Options["collate"]
	}
	if t.bin && t.charset != "" {
		t.collate = t.charset + "_bin"
	}
	return t
}

// collationOf is a type's collation; without one it is the default of its character set, as far as that is known.
func (j *judge) collationOf(t typ) string {
	switch {
	case t.collate != "" || t.charset == "":
		return t.collate
	case t.charset == "utf8mb4" && !j.maria && j.version >= 80000:
		return "utf8mb4_0900_ai_ci"
	case t.charset == "latin1":
		return "latin1_swedish_ci"
	}
	return t.charset + "_general_ci"
}

// retype is the cost of another type.
func (j *judge) retype(from, to typ, name string, k *lint.Relation) cost {
	copies := func(why string) cost { return cost{"change-type", copying, true, why + " copies the table", ""} }
	what := from.String() + " to " + to.String()
	if from.name != to.name || from.unsigned != to.unsigned {
		if j.maria && from.geometry() && to.name == "geometry" {
			return cost{}
		}
		if !j.maria && strings.HasSuffix(from.name, "text") && to.name == strings.TrimSuffix(from.name, "text")+"blob" && !inIndex(k, name) {
			return cost{}
		}
		if !j.maria && from.name == "varchar" && to.name == "varbinary" && width(from.charset) == 1 && from.arg(0, 0) == to.arg(0, 0) && !inIndex(k, name) {
			return cost{}
		}
		if !j.maria && from.name == "char" && to.name == "binary" && width(from.charset) == 1 && from.arg(0, 1) == to.arg(0, 1) && !inIndex(k, name) {
			return cost{}
		}
		return copies(what)
	}
	if from.text() && from.charset != "" && to.charset != "" && from.charset != to.charset {
		switch {
		case !j.charsetKept(from, to, name, k):
			return copies("the character set " + from.charset + " to " + to.charset)
		case from.name == "enum" || from.name == "set":
			return members(from, to, copies)
		}
		return j.length(from, to, what, k)
	}
	otherOrder := from.text() && j.collationOf(from) != j.collationOf(to)
	if otherOrder && j.maria && (from.name == "enum" || from.name == "set") && j.collationOf(from) != "" && j.collationOf(to) != "" {
		return copies("another collation of " + from.name)
	}
	if otherOrder && inIndex(k, name) {
		if j.maria && !fulltextOn(k, name) {
			return cost{"online-rebuild", inPlace, false, "the column's indexes are built anew for the collation", ""}
		}
		return copies("another collation of an indexed column")
	}
	switch from.name {
	case "varchar", "varbinary":
		return j.length(from, to, what, k)
	case "enum", "set":
		return members(from, to, copies)
	case "tinyint", "smallint", "mediumint", "int", "bigint", "year", "float", "double":
		if from.integer() || slices.Equal(from.args, to.args) {
			return cost{}
		}
		if len(from.args) == 2 || len(to.args) == 2 {
			return cost{}
		}
		return cost{}
	}
	if !slices.Equal(from.fill(), to.fill()) {
		return copies(what)
	}
	return cost{}
}

// fill writes out the arguments that may be left out.
func (t typ) fill() []int {
	switch {
	case t.integer(), t.name == "year": // a width for display
		return nil
	case len(t.args) > 0 && !(t.name == "decimal" && len(t.args) == 1):
		return t.args
	case t.name == "decimal":
		return []int{t.arg(0, 10), 0}
	case t.name == "char", t.name == "binary", t.name == "bit":
		return []int{1}
	case t.name == "datetime", t.name == "timestamp", t.name == "time":
		return []int{0}
	}
	return t.args
}

// charsetKept: the stored bytes stay as they are. Both servers do so for utf8mb3 to utf8mb4; MySQL only without an index. MySQL keeps members of an
// ENUM or a SET by their number, in whatever character set.
func (j *judge) charsetKept(from, to typ, name string, k *lint.Relation) bool {
	if !j.maria && (from.name == "enum" || from.name == "set") {
		return !inIndex(k, name)
	}
	if from.charset != "utf8mb3" || to.charset != "utf8mb4" {
		return false
	}
	return j.maria && (from.name == "varchar" || from.name == "char" || strings.HasSuffix(from.name, "text")) || !j.maria && j.version >= 80000 && !inIndex(k, name)
}

// otherCharset: the new definition has another character set than the column.
func (j *judge) otherCharset(c clause, k *lint.Relation) bool {
	was := k.Column(c.name)
	to := j.inherit(c.column.typ, k)
	return was != nil && was.Charset != "" && to.charset != "" && was.Charset != to.charset
}

// length is the cost of another length. The length of a value is stored in one byte up to 255 bytes, in two above.
func (j *judge) length(from, to typ, what string, k *lint.Relation) cost {
	if from.name != "varchar" && from.name != "varbinary" {
		if !slices.Equal(from.fill(), to.fill()) {
			return cost{"change-type", copying, true, what + " copies the table", ""}
		}
		return cost{}
	}
	w, v := 1, 1
	if from.name == "varchar" {
		w, v = width(from.charset), width(to.charset)
	}
	a, b := from.arg(0, 0)*w, to.arg(0, 0)*v
	if to.arg(0, 0) >= from.arg(0, 0) && j.maria && k != nil && k.Options["row_format"] == "redundant" {
		return cost{} // each length takes two bytes
	}
	switch {
	case to.arg(0, 0) < from.arg(0, 0):
		return cost{"change-type", copying, true, what + " copies the table, and fails where a value doesn't fit", ""}
	case a <= 255 && b > 255 && !(j.maria && j.version >= 100403 && a <= 127):
		return cost{"change-type", copying, true, what + " crosses 255 bytes, where the stored length takes a second byte, so that the table is copied", ""}
	}
	return cost{}
}

// members: new members at the end are free as long as a value takes as many bytes.
func members(from, to typ, copies func(string) cost) cost {
	size := func(t typ) int {
		n := len(t.values)
		if t.name == "set" {
			return (n + 7) / 8
		}
		if n > 255 {
			return 2
		}
		return 1
	}
	if len(to.values) < len(from.values) || !slices.EqualFunc(from.values, to.values[:len(from.values)], sameMember(from, to)) {
		return copies("taking away members of " + from.name + ", or moving them,")
	}
	if a, b := size(from), size(to); a != b && !(a == 3 && b == 4) {
		return copies("more members of " + from.name + " than its bytes can tell apart")
	}
	return cost{}
}

// sameMember compares members as the column does.
func sameMember(from, to typ) func(a, b string) bool {
	if strings.HasSuffix(from.collate, "_bin") || strings.HasSuffix(to.collate, "_bin") || from.charset == "binary" || to.charset == "binary" {
		return func(a, b string) bool { return a == b }
	}
	return strings.EqualFold
}

func inIndex(k *lint.Relation, name string) bool {
	if k == nil {
		return false
	}
	for _, x := range k.Indexes {
		for _, p := range x.Columns {
			if same(p.Name, name) {
				return true
			}
		}
	}
	return false
}

func stored(k *lint.Relation) bool {
	return k != nil && slices.ContainsFunc(k.Columns, func(c schema.Column) bool { return c.Generated == "stored" })
}

func fulltextOn(k *lint.Relation, name string) bool {
	return k != nil && slices.ContainsFunc(k.Indexes, func(x schema.Index) bool {
		return same(x.Method, "fulltext") && slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool { return same(p.Name, name) })
	})
}

func uniqueOn(k *lint.Relation, name string) bool {
	if k == nil {
		return false
	}
	for _, x := range k.Indexes {
		for _, p := range x.Columns {
			if x.Unique && same(p.Name, name) && p.Prefix == 0 {
				return true
			}
		}
	}
	return false
}

func primaryPart(k *lint.Relation, name string) bool {
	if k == nil {
		return false
	}
	for _, x := range k.Indexes {
		for _, p := range x.Columns {
			if x.Primary && same(p.Name, name) {
				return true
			}
		}
	}
	return false
}

// locked: a foreign key of the table uses the column, or one that points at it.
func locked(k *lint.Relation, name string) bool {
	for _, q := range k.Constraints {
		if q.Kind == schema.ForeignKey && slices.ContainsFunc(q.Columns, func(c string) bool { return same(c, name) }) {
			return true
		}
	}
	return false
}

// converts is CONVERT TO CHARACTER SET: a MODIFY of each text column.
func (j *judge) converts(c clause, k *lint.Relation) cost {
	copies := cost{"convert-charset", copying, true, "CONVERT TO CHARACTER SET copies the table", ""}
	if k == nil || k.Partial || len(k.Columns) == 0 || !j.maria && j.version < 80000 {
		return copies
	}
	worst := cost{}
	for i := range k.Columns {
		was := &k.Columns[i]
		from, ok := parseType(was.Type)
		if !ok {
			return copies
		}
		if !from.text() {
			continue
		}
		from.charset, from.collate = was.Charset, was.Collation
		to := from
		to.charset, to.collate = c.value, c.to
		if from.charset == "" || from.charset != to.charset && !j.charsetKept(from, to, was.Name, k) || !j.maria && inIndex(k, was.Name) && from.collate != to.collate {
			return copies
		}
		if x := j.length(from, to, was.Name, k); x.how == copying {
			return copies
		}
		order := j.collationOf(from) != j.collationOf(to)
		switch {
		case j.maria && order && (fulltextOn(k, was.Name) || from.name == "enum" || from.name == "set"):
			return copies
		case !j.maria && order && from.name != "varchar" && from.name != "enum" && from.name != "set":
			return cost{"convert-charset", inPlace, true, "CONVERT TO CHARACTER SET gives a " + from.name + " another collation while writes wait; MODIFY does so beside them", ""}
		}
		worst = cost{"online-rebuild", rebuild, false, "CONVERT TO CHARACTER SET writes the table anew", ""}
	}
	return worst
}
