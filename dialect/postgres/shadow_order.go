package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// order says how the order of a type's values is made from their text.
type order int

const (
	noOrder   order = iota
	byNumber        // integers
	byDecimal       // numeric
	byHex           // uuid
	byBytes         // text, walked in the order of its bytes
	byOctets        // bytea
	byTruth         // boolean
	byDay           // date
	byMoment        // timestamp, with a time zone or without
	byClock         // time of day
)

var orders = map[string]order{
	"smallint": byNumber, "integer": byNumber, "bigint": byNumber, "numeric": byDecimal, "uuid": byHex, "text": byBytes, "character varying": byBytes, "character": byBytes,
	"bytea": byOctets, "boolean": byTruth, "date": byDay, "timestamp without time zone": byMoment, "timestamp with time zone": byMoment, "time without time zone": byClock,
}

// orderOf is the order of a type as the server writes it, with its modifier anywhere.
func orderOf(typ string) order { return orders[plainType(typ)] }

// plainType is a type as the server writes it, without its modifier.
func plainType(typ string) string {
	head, rest, _ := strings.Cut(typ, "(")
	_, tail, _ := strings.Cut(rest, ")")
	return head + tail
}

// isText: a collation counts.
func isText(typ string) bool { return orderOf(typ) == byBytes }

// pieceOf turns a value's text into bytes of the same order, that are equal where the values are.
func pieceOf(typ, text string) (string, error) {
	switch orderOf(typ) {
	case byNumber:
		n, err := strconv.ParseInt(text, 10, 64)
		return ordered(n), err
	case byDecimal:
		return decimalPiece(text)
	case byHex:
		b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		return string(b), err
	case byOctets:
		b, err := hex.DecodeString(strings.TrimPrefix(text, `\x`))
		return string(b), err
	case byTruth:
		return text[:1], nil
	case byDay:
		n, err := dayOf(text)
		return ordered(n), err
	case byMoment:
		n, err := momentOf(text)
		return ordered(n), err
	case byClock:
		n, err := clockOf(text)
		return ordered(n), err
	}
	if strings.HasPrefix(typ, "character(") { // blanks at the end don't count
		return strings.TrimRight(text, " "), nil
	}
	return text, nil
}

// ordered is a number as bytes.
func ordered(n int64) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n)^1<<63)) }

// Kinds of numerics in their order (PostgreSQL's documentation, 8.1.2: NaN is greater than all others).
const (
	lowest = iota
	negative
	zero
	positive
	highest
	notANumber
)

// decimalPiece is the kind, how many digits stand before the point, and the digits without zeros at either end: values that
// differ in trailing zeros are equal. For negative ones the greater is the lesser.
func decimalPiece(text string) (string, error) {
	switch text {
	case "NaN":
		return string(rune(notANumber)), nil
	case "Infinity":
		return string(rune(highest)), nil
	case "-Infinity":
		return string(rune(lowest)), nil
	}
	digits, minus := strings.CutPrefix(text, "-")
	whole, part, _ := strings.Cut(digits, ".")
	whole = strings.TrimLeft(whole, "0")
	digits = strings.TrimRight(whole+part, "0")
	if strings.Trim(digits, "0123456789") != "" {
		return "", fmt.Errorf("%q is no number", text)
	}
	if strings.Trim(digits, "0") == "" {
		return string(rune(zero)), nil
	}
	exponent := len(whole)
	if whole == "" {
		bare := strings.TrimLeft(digits, "0")
		exponent, digits = len(bare)-len(digits), bare
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(int32(exponent))^1<<31)
	b = append(b, digits...)
	if !minus {
		return string(rune(positive)) + string(b), nil
	}
	for i := range b {
		b[i] = ^b[i]
	}
	return string(rune(negative)) + string(append(b, 0xFF)), nil
}

// endless are the values before and behind all others.
func endless(text string) (int64, bool) {
	switch text {
	case "infinity":
		return math.MaxInt64, true
	case "-infinity":
		return math.MinInt64, true
	}
	return 0, false
}

// dayOf counts the days of a date in ISO's form, by the Gregorian calendar in both directions, as the server does.
func dayOf(text string) (int64, error) {
	if n, ok := endless(text); ok {
		return n, nil
	}
	text, bc := strings.CutSuffix(text, " BC")
	parts := strings.Split(text, "-")
	if len(parts) != 3 {
		return 0, fmt.Errorf("%q is no date", text)
	}
	var ymd [3]int64
	for i, p := range parts {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no date: %w", text, err)
		}
		ymd[i] = n
	}
	year, month, day := ymd[0], ymd[1], ymd[2]
	if bc {
		year = 1 - year
	}
	if month <= 2 { // the year begins in March, so that the leap day ends it
		year, month = year-1, month+12
	}
	era := floorDiv(year, 400)
	of := year - era*400
	return era*146097 + of*365 + of/4 - of/100 + (153*(month-3)+2)/5 + day - 1, nil
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((b - 1 - a) / b)
	}
	return a / b
}

// millennium is the 1st of January 2000 as dayOf counts: from there the server's own numbers go as far as 64 bits.
const millennium = 730425

// momentOf counts microseconds, with a time zone those of UTC.
func momentOf(text string) (int64, error) {
	if n, ok := endless(text); ok {
		return n, nil
	}
	body, era := text, ""
	if strings.HasSuffix(text, " BC") {
		body, era = text[:len(text)-3], " BC"
	}
	date, clock, ok := strings.Cut(body, " ")
	if !ok {
		return 0, fmt.Errorf("%q is no point in time", text)
	}
	days, err := dayOf(date + era)
	if err != nil {
		return 0, err
	}
	zone := int64(0)
	if i := strings.IndexAny(clock, "+-"); i >= 0 {
		if zone, err = clockOf(clock[i+1:]); err != nil {
			return 0, err
		}
		if clock[i] == '-' {
			zone = -zone
		}
		clock = clock[:i]
	}
	n, err := clockOf(clock)
	return (days-millennium)*86_400_000_000 + n - zone, err
}

// clockOf counts the microseconds of hours, minutes, seconds.
func clockOf(text string) (int64, error) {
	text, part, _ := strings.Cut(text, ".")
	n := int64(0)
	fields := strings.Split(text, ":")
	for i := range 3 {
		n *= 60
		if i >= len(fields) {
			continue
		}
		v, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no time: %w", text, err)
		}
		n += v
	}
	n *= 1_000_000
	if part == "" {
		return n, nil
	}
	v, err := strconv.ParseInt((part + "000000")[:6], 10, 64)
	return n + v, err
}
