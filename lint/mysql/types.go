package mysql

import (
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// typ is a column's type.
type typ struct {
	name     string // lower case, without synonyms
	args     []int
	values   []string // of ENUM and SET
	unsigned bool
	oracle   bool // written as only sql_mode=ORACLE knows it
	bin      bool // BINARY: the collation of the character set that compares bytes
	charset  string
	collate  string
}

// canonical are the types that are known, and their synonyms.
var canonical = map[string]string{
	"bool": "tinyint", "boolean": "tinyint", "tinyint": "tinyint", "int1": "tinyint", "smallint": "smallint", "int2": "smallint", "mediumint": "mediumint", "int3": "mediumint", "middleint": "mediumint",
	"int": "int", "integer": "int", "int4": "int", "bigint": "bigint", "int8": "bigint", "serial": "serial", "decimal": "decimal", "dec": "decimal", "numeric": "decimal", "fixed": "decimal", "number": "decimal",
	"float": "float", "float4": "float", "double": "double", "float8": "double", "real": "double", "bit": "bit",
	"char": "char", "character": "char", "nchar": "char", "varchar": "varchar", "varcharacter": "varchar", "nvarchar": "varchar", "varchar2": "varchar", "binary": "binary", "varbinary": "varbinary", "raw": "varbinary",
	"tinytext": "tinytext", "text": "text", "mediumtext": "mediumtext", "longtext": "longtext", "long": "mediumtext", "clob": "longtext", "tinyblob": "tinyblob", "blob": "blob", "mediumblob": "mediumblob", "longblob": "longblob",
	"enum": "enum", "set": "set", "json": "json", "date": "date", "datetime": "datetime", "timestamp": "timestamp", "time": "time", "year": "year",
	"geometry": "geometry", "point": "point", "linestring": "linestring", "polygon": "polygon", "multipoint": "multipoint", "multilinestring": "multilinestring", "multipolygon": "multipolygon",
	"geometrycollection": "geometrycollection", "geomcollection": "geometrycollection", "vector": "vector", "uuid": "uuid", "inet4": "inet4", "inet6": "inet6", "xmltype": "xmltype",
}

// readType reads a type and the attributes that belong to it. An unknown type is an error: the statement isn't judged.
func (c *cursor) readType() typ {
	national := c.at("NATIONAL") && (c.peek(1).Is("CHAR") || c.peek(1).Is("CHARACTER") || c.peek(1).Is("VARCHAR"))
	if national {
		c.skip()
	}
	word := strings.ToLower(c.peek(0).Text)
	name, ok := canonical[word]
	if !ok || c.peek(0).Kind != lint.Word {
		c.fail("a type")
		return typ{}
	}
	c.skip()
	t := typ{name: name}
	if national || word == "nchar" || word == "nvarchar" {
		t.charset = "utf8mb3"
	}
	switch word {
	case "number", "varchar2", "clob", "raw":
		t.oracle = true
	case "double":
		c.take("PRECISION")
	case "character", "char", "nchar":
		if c.take("VARYING") || c.take("VARCHAR") {
			t.name = "varchar"
		}
	case "bool", "boolean":
		t.args = []int{1}
	case "long":
		if c.take("VARBINARY") {
			t.name = "mediumblob"
		} else {
			_ = c.take("VARCHAR") || c.take("CHAR", "VARYING")
		}
	}
	if c.at("(") {
		c.arguments(&t)
	}
	c.attributes(&t)
	if t.name == "float" && len(t.args) == 1 { // float(p) is a way to ask for one of the two
		if t.args[0] > 24 && t.args[0] <= 53 {
			t.name = "double"
		}
		if t.args[0] <= 53 {
			t.args = nil
		}
	}
	return t
}

func (c *cursor) arguments(t *typ) {
	in := c.inside()
	for ; !in.done(); in.i++ {
		x := in.peek(0)
		switch x.Kind {
		case lint.Number:
			if n, err := strconv.Atoi(x.Text); err == nil {
				t.args = append(t.args, n)
			}
		case lint.String:
			t.values = append(t.values, x.Value())
		case lint.Word:
			if t.name == "enum" || t.name == "set" {
				c.i--
				c.fail("a member")
			}
		}
	}
}

func (c *cursor) attributes(t *typ) {
	for {
		switch {
		case t.signed() && (c.take("UNSIGNED") || c.take("ZEROFILL")):
			t.unsigned = true
		case t.signed() && c.take("SIGNED"), c.take("ASCII"), c.take("UNICODE"), c.take("BYTE"):
		case c.at("BINARY") && (t.name == "char" || t.name == "varchar" || strings.HasSuffix(t.name, "text")):
			c.skip()
			t.bin = true
		case !t.bytes() && t.collate == "" && (c.take("CHARACTER", "SET") || c.take("CHARSET") || c.take("CHAR", "SET")):
			t.charset = normalCharset(c.name())
		case c.take("COLLATE"):
			c.take("=")
			t.collate = strings.ToLower(c.name())
		default:
			return
		}
	}
}

// signed types may be UNSIGNED.
func (t *typ) signed() bool {
	return t.integer() || t.name == "decimal" || t.name == "float" || t.name == "double" || t.name == "year"
}

// bytes: the type has no character set that could be written behind it.
func (t *typ) bytes() bool {
	return t.signed() || temporal(*t) || t.geometry() || strings.HasSuffix(t.name, "blob") || strings.HasSuffix(t.name, "binary") || t.name == "bit" || t.name == "time"
}

func normalCharset(s string) string {
	if s = strings.ToLower(s); s == "utf8" {
		return "utf8mb3"
	}
	return s
}

// compression is the key under which a table's options hold that a column is COMPRESSED.
func compression(column string) string { return "compressed " + lower(column) }

// text types have a character set.
func (t typ) text() bool {
	switch t.name {
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set":
		return true
	}
	return false
}

// large types can't have a literal default on MySQL, nor be indexed without a prefix.
func (t typ) large() bool {
	return strings.HasSuffix(t.name, "text") || strings.HasSuffix(t.name, "blob") || t.name == "json" || t.geometry()
}

func (t typ) geometry() bool {
	switch t.name {
	case "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection":
		return true
	}
	return false
}

func (t typ) integer() bool {
	switch t.name {
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		return true
	}
	return false
}

func (t typ) arg(i, otherwise int) int {
	if i < len(t.args) {
		return t.args[i]
	}
	return otherwise
}

// width is the most bytes that a character takes.
func width(charset string) int {
	switch charset {
	case "utf8mb4", "utf16", "utf32", "utf16le", "gb18030", "":
		return 4
	case "utf8mb3", "ujis", "eucjpms":
		return 3
	case "ucs2", "big5", "gbk", "gb2312", "sjis", "cp932", "euckr":
		return 2
	}
	return 1
}

// charsetOf takes a collation's character set from its name.
func charsetOf(collation string) string {
	if collation == "binary" {
		return collation
	}
	head, _, _ := strings.Cut(collation, "_")
	if head == "uca1400" { // MariaDB: of whatever character set the column has
		return ""
	}
	return normalCharset(head)
}

// String writes the type as the catalog keeps it; parse reads it back.
func (t typ) String() string {
	s := t.name
	switch {
	case len(t.values) > 0:
		var v []string
		for _, x := range t.values {
			v = append(v, "'"+strings.ReplaceAll(x, "'", "''")+"'")
		}
		s += "(" + strings.Join(v, ",") + ")"
	case len(t.args) > 0:
		var a []string
		for _, n := range t.args {
			a = append(a, strconv.Itoa(n))
		}
		s += "(" + strings.Join(a, ",") + ")"
	}
	if t.unsigned {
		s += " unsigned"
	}
	return s
}

func parseType(s string) (typ, bool) {
	c := newCursor(s)
	t := c.readType()
	return t, c.err == nil && c.done()
}
