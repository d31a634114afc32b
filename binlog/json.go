package binlog

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Types of values in binary JSON, as the server's json_binary.h numbers them.
const (
	jsonSmallObject = iota
	jsonLargeObject
	jsonSmallArray
	jsonLargeArray
	jsonLiteral
	jsonInt16
	jsonUint16
	jsonInt32
	jsonUint32
	jsonInt64
	jsonUint64
	jsonDouble
	jsonString
	jsonOpaque = 15
)

// jsonDepth is deeper than any document that the server takes.
const jsonDepth = 128

var errJSON = errors.New("a JSON document in the log can't be read")

// document writes a JSON document as an expression of SQL. Most come as text. Values
// whose type a text can't say (decimals, dates, bytes, unsigned numbers) stand as
// null in the text and are put in by JSON_REPLACE, which changes no key's place.
type document struct {
	text    []byte
	path    []byte // of the value that is written
	replace []replacement
	depth   int
}

type replacement struct{ path, sql string }

func appendJSONValue(out, raw []byte) ([]byte, error) {
	if len(raw) == 0 { // what a server stored under IGNORE; it is read as null
		return append(out, "'null'"...), nil
	}
	d := document{path: []byte{'$'}, text: make([]byte, 0, len(raw)+len(raw)/2)}
	if err := d.value(raw[0], raw[1:]); err != nil {
		return out, err
	}
	if len(d.replace) == 0 {
		return appendQuoted(out, d.text), nil
	}
	out = append(out, "JSON_REPLACE("...)
	out = appendQuoted(out, d.text)
	for _, r := range d.replace {
		out = append(appendQuoted(append(out, ','), []byte(r.path)), ',')
		out = append(out, r.sql...)
	}
	return append(out, ')'), nil
}

// value writes one value. b starts where it lies and may be longer.
func (d *document) value(kind byte, b []byte) error {
	switch kind {
	case jsonSmallObject, jsonLargeObject, jsonSmallArray, jsonLargeArray:
		return d.container(kind, b)
	case jsonString:
		text, err := variable(b)
		d.text = appendJSONString(d.text, text)
		return err
	case jsonOpaque:
		return d.opaque(b)
	}
	size, ok := map[byte]int{jsonLiteral: 1, jsonInt16: 2, jsonUint16: 2, jsonInt32: 4, jsonUint32: 4, jsonInt64: 8, jsonUint64: 8, jsonDouble: 8}[kind]
	if !ok || len(b) < size {
		return errJSON
	}
	return d.scalar(kind, b[:size])
}

func (d *document) scalar(kind byte, b []byte) error {
	n := little(b)
	switch kind {
	case jsonLiteral:
		if n > 2 {
			return errJSON
		}
		d.text = append(d.text, [...]string{"null", "true", "false"}[n]...)
	case jsonInt16:
		d.text = strconv.AppendInt(d.text, int64(int16(n)), 10)
	case jsonInt32:
		d.text = strconv.AppendInt(d.text, int64(int32(n)), 10)
	case jsonInt64:
		d.text = strconv.AppendInt(d.text, int64(n), 10)
	case jsonDouble:
		d.text = appendDouble(d.text, math.Float64frombits(n))
	default:
		if n > math.MaxInt64 { // the text of a smaller one would be read as signed
			d.text = strconv.AppendUint(d.text, n, 10)
			return nil
		}
		d.put("CAST(" + strconv.FormatUint(n, 10) + " AS UNSIGNED)")
	}
	return nil
}

// put writes a value that only SQL can say.
func (d *document) put(sql string) {
	d.replace = append(d.replace, replacement{string(d.path), sql})
	d.text = append(d.text, "null"...)
}

// container is an object or an array: the number of members, its size, for objects
// where the keys lie, what the members are and where they lie.
func (d *document) container(kind byte, b []byte) error {
	if d.depth++; d.depth > jsonDepth {
		return errJSON
	}
	defer func() { d.depth-- }()
	width, object := 2, kind == jsonSmallObject || kind == jsonLargeObject
	if kind == jsonLargeObject || kind == jsonLargeArray {
		width = 4
	}
	if len(b) < 2*width {
		return errJSON
	}
	c := members{b: b, width: width, count: int(little(b[:width])), object: object}
	if !c.fits() {
		return errJSON
	}
	return d.members(c)
}

func (d *document) members(c members) error {
	brackets := "[]"
	if c.object {
		brackets = "{}"
	}
	d.text = append(d.text, brackets[0])
	at := len(d.path)
	for i := range c.count {
		if i > 0 {
			d.text = append(d.text, ',')
		}
		if err := d.member(c, i); err != nil {
			return err
		}
		d.path = d.path[:at]
	}
	d.text = append(d.text, brackets[1])
	return nil
}

func (d *document) member(c members, i int) error {
	if c.object {
		key, err := c.key(i)
		if err != nil {
			return err
		}
		d.text = append(appendJSONString(d.text, key), ':')
		d.path = appendJSONString(append(d.path, '.'), key)
	} else {
		d.path = append(strconv.AppendInt(append(d.path, '['), int64(i), 10), ']')
	}
	kind, b, err := c.value(i)
	if err != nil {
		return err
	}
	return d.value(kind, b)
}

// members are the members of an object or array.
type members struct {
	b            []byte
	width, count int
	object       bool
}

func (c members) entries() int {
	if c.object {
		return 2*c.width + c.count*(c.width+2)
	}
	return 2 * c.width
}

func (c members) fits() bool { return len(c.b) >= c.entries()+c.count*(1+c.width) }

func (c members) key(i int) ([]byte, error) {
	e := c.b[2*c.width+i*(c.width+2):]
	from, n := int(little(e[:c.width])), int(binary.LittleEndian.Uint16(e[c.width:]))
	if from+n > len(c.b) {
		return nil, errJSON
	}
	return c.b[from : from+n], nil
}

// value finds a member. Small ones lie in the entry itself.
func (c members) value(i int) (kind byte, b []byte, err error) {
	e := c.b[c.entries()+i*(1+c.width):]
	kind = e[0]
	e = e[1 : 1+c.width]
	switch kind {
	case jsonLiteral, jsonInt16, jsonUint16:
		return kind, e, nil
	case jsonInt32, jsonUint32:
		if c.width == 4 {
			return kind, e, nil
		}
	}
	from := int(little(e))
	if from >= len(c.b) {
		return 0, nil, errJSON
	}
	return kind, c.b[from:], nil
}

// variable reads bytes that say their length, seven bits a byte, in front.
func variable(b []byte) ([]byte, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, errJSON
	}
	return b[size : size+int(n)], nil
}

func appendJSONString(out, text []byte) []byte {
	const digits = "0123456789abcdef"
	out = append(out, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < ' ':
			out = append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// Types of columns, by which JSON tells what it holds and has no type of its own for.
const (
	opaqueTimestamp  = 7
	opaqueDate       = 10
	opaqueTime       = 11
	opaqueDatetime   = 12
	opaqueVarchar    = 15
	opaqueBit        = 16
	opaqueDecimal    = 246
	opaqueMediumBlob = 250
	opaqueLongBlob   = 251
	opaqueBlob       = 252
	opaqueVarString  = 253
	opaqueString     = 254
)

// opaque is a value of another type of SQL. How each is made so that the server
// stores the very type again was found by trying.
func (d *document) opaque(b []byte) error {
	if len(b) < 2 {
		return errJSON
	}
	v, err := variable(b[1:])
	if err != nil {
		return err
	}
	switch b[0] {
	case opaqueDecimal:
		return d.decimal(v)
	case opaqueDate, opaqueTime, opaqueDatetime, opaqueTimestamp:
		return d.temporal(b[0], v)
	case opaqueBit:
		d.put(column1("["+strconv.FormatUint(big(v), 10)+"]", "BIT("+strconv.Itoa(8*len(v))+")", "c"))
		return nil
	}
	return d.bytes(b[0], v)
}

// column1 selects an expression over a column of a given type, which holds the only
// element of a JSON array.
func column1(array, typ, expression string) string {
	return "(SELECT " + expression + " FROM JSON_TABLE(" + string(appendQuoted(nil, []byte(array))) + ",'$[*]' COLUMNS(c " + typ + " PATH '$')) x)"
}

// decimal keeps how many digits the value was stored with. A literal is stored with
// its own; a column gives it others.
func (d *document) decimal(v []byte) error {
	if len(v) < 2 || v[1] > v[0] || v[0] > mostDigits {
		return errJSON
	}
	whole, fraction := int(v[0])-int(v[1]), int(v[1])
	if len(v)-2 != decimalLength(whole)+decimalLength(fraction) {
		return errJSON
	}
	sql := string(appendDecimal(nil, v[2:], whole, fraction))
	digits, _, _ := strings.Cut(strings.TrimPrefix(sql, "-"), ".")
	if len(digits) != whole {
		sql = column1(`["`+sql+`"]`, "DECIMAL("+strconv.Itoa(whole+fraction)+","+strconv.Itoa(fraction)+")", "c")
	}
	d.put(sql)
	return nil
}

// temporal values are packed in 64 bits: the date or hours, the rest of the time, 24
// bits of microseconds.
func (d *document) temporal(kind byte, v []byte) error {
	if len(v) != 8 {
		return errJSON
	}
	n := int64(binary.LittleEndian.Uint64(v))
	text, sign := []byte{}, ""
	if n < 0 {
		n, sign = -n, "-"
	}
	switch whole := uint64(n) >> 24; kind {
	case opaqueTime:
		text = appendClock(append(text, sign...), whole>>12&0x3ff, whole>>6&63, whole&63)
	case opaqueDate:
		months := whole >> 22
		d.put("CAST('" + string(appendDate(text, months/13, months%13, whole>>17&31)) + "' AS DATE)")
		return nil
	default:
		text = appendDatetime(text, whole)
	}
	text = appendPadded(append(text, '.'), uint64(n)&(1<<24-1), 6)
	switch {
	case kind == opaqueTime:
		d.put("CAST('" + string(text) + "' AS TIME(6))")
	case kind == opaqueTimestamp && string(text) > "1970-01-01 00:00:01" && string(text) < "2038-01-19 03:14:07":
		d.put(column1(`["`+string(text)+`"]`, "TIMESTAMP(6)", "c"))
	default:
		d.put("CAST('" + string(text) + "' AS DATETIME(6))")
	}
	return nil
}

var errJSONBytes = errors.New("a JSON document holds bytes of a type that no expression gives back")

// bytes keeps the type of bytes: the server shows it and compares it.
func (d *document) bytes(kind byte, v []byte) error {
	hex := string(appendHex(nil, v))
	switch {
	case kind == opaqueVarchar || kind == opaqueVarString:
		d.put(hex)
	case kind == opaqueBlob:
		d.put(column1("[null]", "BLOB", "COALESCE(c,"+hex+")"))
	case kind == opaqueMediumBlob:
		d.put("JSON_EXTRACT((SELECT JSON_ARRAY(c) FROM (SELECT " + hex + " c UNION ALL SELECT CAST(NULL AS BINARY(70000))) x LIMIT 1),'$[0]')")
	case kind == opaqueLongBlob:
		d.put("UNCOMPRESS(COMPRESS(" + hex + "))")
	case kind == opaqueString && utf8.Valid(v):
		d.put(column1(string(append(appendJSONString([]byte{'['}, v), ']')), "BINARY("+strconv.Itoa(len(v))+")", "c"))
	default:
		return errJSONBytes
	}
	return nil
}
