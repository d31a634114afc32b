package binlog

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/phasemig/phasemig/schema"
)

// column is how one column's values lie in the log and what literal they become.
// What a value means is told by the catalog, how long it is by the log.
type column struct {
	kind      valueKind
	generated bool
	unsigned  bool
	charset   string // of a text; empty for bytes
	quote     quoting
	pad       int // BINARY(n) loses its trailing zeros in the log

	typ    byte // of the log; for CHAR, ENUM and SET the real one
	prefix int  // bytes of the length in front of a value; 0: its length is fixed
	fixed  int
	digits int // of a fraction
	whole  int // digits of a decimal in front of the point
}

type valueKind byte

const (
	integerValue valueKind = iota + 1
	bitValue
	decimalValue
	floatValue
	doubleValue
	yearValue
	dateValue
	timeValue
	datetimeValue
	timestampValue
	textValue
	bytesValue
	enumValue // and SET: their number
	jsonValue
	uuidValue
)

// kinds are the types of the catalog, by their first word.
var kinds = map[string]valueKind{
	"tinyint": integerValue, "smallint": integerValue, "mediumint": integerValue, "int": integerValue, "bigint": integerValue,
	"bit": bitValue, "decimal": decimalValue, "float": floatValue, "double": doubleValue, "year": yearValue,
	"date": dateValue, "time": timeValue, "datetime": datetimeValue, "timestamp": timestampValue,
	"char": textValue, "varchar": textValue, "tinytext": textValue, "text": textValue, "mediumtext": textValue, "longtext": textValue,
	"binary": bytesValue, "varbinary": bytesValue, "tinyblob": bytesValue, "blob": bytesValue, "mediumblob": bytesValue, "longblob": bytesValue,
	"enum": enumValue, "set": enumValue, "json": jsonValue, "vector": bytesValue,
	"geometry": bytesValue, "point": bytesValue, "linestring": bytesValue, "polygon": bytesValue, "multipoint": bytesValue,
	"multilinestring": bytesValue, "multipolygon": bytesValue, "geometrycollection": bytesValue, "geomcollection": bytesValue,
	"uuid": uuidValue, "inet6": bytesValue, "inet4": bytesValue,
}

// newColumn reads the catalog's type.
func newColumn(c schema.Column, mariadb bool) (column, error) {
	word, args := baseType(c.Type)
	out := column{kind: kinds[word], generated: c.Generated != "", unsigned: strings.Contains(c.Type, "unsigned"), charset: c.Charset}
	switch {
	case out.kind == 0:
		return out, fmt.Errorf("column %s: values of type %s can't be read from the log", c.Name, c.Type)
	case strings.Contains(strings.ToLower(c.Definition), "compressed*/"):
		return out, fmt.Errorf("column %s: compressed columns can't be read from the log", c.Name)
	case out.kind == jsonValue && mariadb:
		out.kind = textValue
	}
	switch word {
	case "binary", "inet6", "inet4":
		out.pad = max(args, map[string]int{"inet6": 16, "inet4": 4}[word])
	case "uuid":
		out.pad = 16
	case "time", "datetime", "timestamp":
		out.digits = args
	case "enum", "set":
		out.charset = "" // its number is read, not its text
	}
	out.quote = quotingOf(out.charset)
	return out, nil
}

// baseType is the first word of a type and the first number in its brackets.
func baseType(t string) (word string, arg int) {
	word = strings.ToLower(t)
	if i := strings.IndexAny(word, "( "); i >= 0 {
		rest := word[i:]
		word = word[:i]
		if strings.HasPrefix(rest, "(") {
			n, _, _ := strings.Cut(rest[1:], ")")
			n, _, _ = strings.Cut(n, ",")
			arg, _ = strconv.Atoi(n) // members of ENUM and SET are no number
		}
	}
	return word, arg
}

// lengths of values whose type alone tells it.
var lengths = map[byte]int{
	mysql.MYSQL_TYPE_TINY: 1, mysql.MYSQL_TYPE_SHORT: 2, mysql.MYSQL_TYPE_INT24: 3, mysql.MYSQL_TYPE_LONG: 4, mysql.MYSQL_TYPE_LONGLONG: 8,
	mysql.MYSQL_TYPE_FLOAT: 4, mysql.MYSQL_TYPE_DOUBLE: 8, mysql.MYSQL_TYPE_YEAR: 1, mysql.MYSQL_TYPE_DATE: 3, mysql.MYSQL_TYPE_NEWDATE: 3,
	mysql.MYSQL_TYPE_TIME: 3, mysql.MYSQL_TYPE_DATETIME: 8, mysql.MYSQL_TYPE_TIMESTAMP: 4,
	mysql.MYSQL_TYPE_TIME2: 3, mysql.MYSQL_TYPE_DATETIME2: 5, mysql.MYSQL_TYPE_TIMESTAMP2: 4,
}

// allowed are the log's types of each kind.
var allowed = map[valueKind]string{
	integerValue: "\x01\x02\x03\x08\x09", bitValue: "\x10", decimalValue: "\xf6", floatValue: "\x04", doubleValue: "\x05", yearValue: "\x0d",
	dateValue: "\x0a\x0e", timeValue: "\x0b\x13", datetimeValue: "\x0c\x12", timestampValue: "\x07\x11",
	textValue: "\x0f\xfd\xfe\xfc", bytesValue: "\x0f\xfd\xfe\xfc\xff\xf2", enumValue: "\xf7\xf8", jsonValue: "\xf5", uuidValue: "\xfe",
}

// learn takes the log's type and what it says more of it, and returns how many bytes
// that were.
func (c *column) learn(typ byte, meta []byte) (int, error) {
	c.typ = typ
	n := metaLength(typ)
	if len(meta) < n {
		return 0, errShort
	}
	meta = meta[:n]
	c.fixed = lengths[typ]
	switch typ {
	case mysql.MYSQL_TYPE_TIME2, mysql.MYSQL_TYPE_DATETIME2, mysql.MYSQL_TYPE_TIMESTAMP2:
		if int(meta[0]) != c.digits {
			return n, fmt.Errorf("the log has %d digits of a fraction", meta[0])
		}
		c.fixed += (c.digits + 1) / 2
	case mysql.MYSQL_TYPE_TIME, mysql.MYSQL_TYPE_DATETIME, mysql.MYSQL_TYPE_TIMESTAMP:
		if c.digits > 0 { // how long it is stands nowhere
			return n, fmt.Errorf("the log has a fraction in the format of before version 5.6, which can't be read")
		}
	case mysql.MYSQL_TYPE_NEWDECIMAL:
		c.whole, c.digits = int(meta[0])-int(meta[1]), int(meta[1])
		if c.whole < 0 || meta[0] > mostDigits {
			return n, errShort
		}
		c.fixed = decimalLength(c.whole) + decimalLength(c.digits)
	case mysql.MYSQL_TYPE_BIT:
		c.fixed = int(meta[1])
		if meta[0] > 0 {
			c.fixed++
		}
	case mysql.MYSQL_TYPE_BLOB, mysql.MYSQL_TYPE_GEOMETRY, mysql.MYSQL_TYPE_JSON, mysql.MYSQL_TYPE_VECTOR:
		c.prefix = int(meta[0])
	case mysql.MYSQL_TYPE_VARCHAR, mysql.MYSQL_TYPE_VAR_STRING:
		c.prefix = prefixOf(int(binary.LittleEndian.Uint16(meta)))
	case mysql.MYSQL_TYPE_STRING:
		c.char(meta)
	}
	return n, c.fits()
}

// char is CHAR, BINARY, ENUM or SET. Two bits of CHAR's length are hidden, turned
// over, in the byte of its type.
func (c *column) char(meta []byte) {
	if meta[0] == mysql.MYSQL_TYPE_ENUM || meta[0] == mysql.MYSQL_TYPE_SET {
		c.typ, c.fixed = meta[0], int(meta[1])
		return
	}
	c.prefix = prefixOf(int(meta[1]) | int(meta[0]&0x30^0x30)<<4)
}

func prefixOf(longest int) int {
	if longest > 255 {
		return 2
	}
	return 1
}

// metaLength is how many bytes a table map has for a type.
func metaLength(typ byte) int {
	switch typ {
	case mysql.MYSQL_TYPE_STRING, mysql.MYSQL_TYPE_NEWDECIMAL, mysql.MYSQL_TYPE_VAR_STRING, mysql.MYSQL_TYPE_VARCHAR, mysql.MYSQL_TYPE_BIT,
		mysql.MYSQL_TYPE_ENUM, mysql.MYSQL_TYPE_SET:
		return 2
	case mysql.MYSQL_TYPE_BLOB, mysql.MYSQL_TYPE_DOUBLE, mysql.MYSQL_TYPE_FLOAT, mysql.MYSQL_TYPE_GEOMETRY, mysql.MYSQL_TYPE_VECTOR, mysql.MYSQL_TYPE_JSON,
		mysql.MYSQL_TYPE_TIME2, mysql.MYSQL_TYPE_DATETIME2, mysql.MYSQL_TYPE_TIMESTAMP2:
		return 1
	case mariadbBlobCompressed:
		return 1
	case mariadbVarcharCompressed:
		return 2
	}
	return 0
}

// MariaDB's types of compressed columns.
const (
	mariadbBlobCompressed    = 140
	mariadbVarcharCompressed = 141
)

// fits holds the log's type against the catalog's.
func (c *column) fits() error {
	if c.typ == mariadbBlobCompressed || c.typ == mariadbVarcharCompressed {
		return fmt.Errorf("the log has it compressed, which can't be read")
	}
	if !strings.Contains(allowed[c.kind], string([]byte{c.typ})) {
		return fmt.Errorf("the log has values of type number %d", c.typ)
	}
	return nil
}

// size is how many bytes the value at the start of b has.
func (c *column) size(b []byte) (int, bool) {
	if c.prefix == 0 {
		return c.fixed, len(b) >= c.fixed
	}
	if len(b) < c.prefix {
		return 0, false
	}
	return c.prefix + int(little(b[:c.prefix])), true
}

// numeric columns have a bit in the log's list of signs.
func (c *column) numeric() bool {
	switch c.kind {
	case integerValue, decimalValue, floatValue, doubleValue, yearValue:
		return true
	}
	return false
}

// signed tells the kinds whose sign changes how a value is read.
func (c *column) signed() bool { return c.kind == integerValue }

// little is an unsigned number, its lowest byte first.
func little(b []byte) uint64 {
	var n uint64
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return n
}

// big is an unsigned number, its highest byte first.
func big(b []byte) uint64 {
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}
