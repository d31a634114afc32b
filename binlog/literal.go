package binlog

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"unicode/utf8"
)

// literal appends a value as a literal of SQL. raw is the value as it lies in the
// log, with the length in front of it.
func (c *column) literal(out, raw []byte) ([]byte, error) {
	raw = raw[c.prefix:]
	switch c.kind {
	case integerValue:
		return c.integer(out, raw), nil
	case bitValue:
		return strconv.AppendUint(out, big(raw), 10), nil
	case decimalValue:
		return appendDecimal(out, raw, c.whole, c.digits), nil
	case floatValue:
		return appendDouble(out, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))), nil
	case doubleValue:
		return appendDouble(out, math.Float64frombits(binary.LittleEndian.Uint64(raw))), nil
	case yearValue:
		return appendYear(out, raw[0]), nil
	case dateValue, timeValue, datetimeValue, timestampValue:
		return c.temporal(out, raw), nil
	case textValue:
		return c.text(out, raw), nil
	case bytesValue:
		return c.bytes(out, raw), nil
	case enumValue:
		return strconv.AppendUint(out, little(raw), 10), nil
	case uuidValue:
		return c.uuid(out, raw), nil
	}
	return appendJSONValue(out, raw)
}

func (c *column) integer(out, raw []byte) []byte {
	n := little(raw)
	if c.unsigned {
		return strconv.AppendUint(out, n, 10)
	}
	shift := 64 - 8*len(raw)
	return strconv.AppendInt(out, int64(n<<shift)>>shift, 10)
}

// appendDouble writes all digits and an exponent, without which the server would
// read a decimal. A float comes as the double that it is equal to: its own shortest
// text would be rounded twice.
func appendDouble(out []byte, f float64) []byte { return strconv.AppendFloat(out, f, 'e', -1, 64) }

// appendYear writes four digits as a number: 0 is the year 0000, "0" would be 2000.
func appendYear(out []byte, b byte) []byte {
	if b == 0 {
		return append(out, '0')
	}
	return strconv.AppendInt(out, 1900+int64(b), 10)
}

// quoting is how texts of a character set are written.
type quoting byte

const (
	inHex   quoting = iota // the set isn't one that contains ASCII at the same place
	inASCII                // as they are when they are ASCII, else in hex
	inUTF8                 // as they are when they are valid
)

// asciiSets are the character sets in which an ASCII text has the same bytes as in
// utf8mb4, whatever stands around it.
var asciiSets = map[string]bool{
	"latin1": true, "latin2": true, "latin5": true, "latin7": true, "cp1250": true, "cp1251": true, "cp1256": true, "cp1257": true, "cp850": true, "cp852": true,
	"cp866": true, "koi8r": true, "koi8u": true, "greek": true, "hebrew": true, "macce": true, "macroman": true, "dec8": true, "keybcs2": true, "geostd8": true,
	"gbk": true, "gb2312": true, "gb18030": true, "big5": true, "euckr": true, "ujis": true, "ascii": true,
}

func quotingOf(charset string) quoting {
	switch {
	case charset == "utf8mb4" || charset == "utf8mb3" || charset == "utf8":
		return inUTF8
	case asciiSets[charset]:
		return inASCII
	}
	return inHex
}

// text writes a text so that it keeps its character set: in quotes, or as
// _latin1 X'…'. A plain X'…' would be compared as bytes.
func (c *column) text(out, raw []byte) []byte {
	if c.quote == inUTF8 && utf8.Valid(raw) || c.quote == inASCII && ascii(raw) {
		return appendQuoted(out, raw)
	}
	if c.charset == "" || c.charset == "binary" {
		return appendHex(out, raw)
	}
	out = append(append(append(out, '_'), c.charset...), ' ')
	return appendHex(out, raw)
}

func ascii(b []byte) bool {
	const high = 0x8080808080808080
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&high != 0 {
			return false
		}
	}
	return little(b)&high == 0
}

// appendQuoted writes a text in quotes. Most need no escapes, and a look for each of
// the three bytes is faster than one for any.
func appendQuoted(out, text []byte) []byte {
	out = append(out, '\'')
	if bytes.IndexByte(text, '\'') < 0 && bytes.IndexByte(text, '\\') < 0 && bytes.IndexByte(text, 0) < 0 {
		return append(append(out, text...), '\'')
	}
	for _, c := range text {
		switch c {
		case '\'', '\\':
			out = append(out, c, c)
		case 0:
			out = append(out, '\\', '0')
		default:
			out = append(out, c)
		}
	}
	return append(out, '\'')
}

func appendHex(out, raw []byte) []byte {
	out = append(out, 'X', '\'')
	out = hex.AppendEncode(out, raw)
	return append(out, '\'')
}

// bytes writes a value without a character set, with the zeros at its end that the
// log leaves out.
func (c *column) bytes(out, raw []byte) []byte {
	out = append(out, 'X', '\'')
	out = hex.AppendEncode(out, raw)
	for range c.pad - len(raw) {
		out = append(out, '0', '0')
	}
	return append(out, '\'')
}

func (c *column) uuid(out, raw []byte) []byte { return c.bytes(out, raw) }
