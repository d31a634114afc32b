package mysql

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// A key travels as a JSON array of texts, one a column. The text is exact: digits,
// the bytes in hex, or the server's own writing of a time in UTC. The same text is
// made here and by triggers, so it needs no escapes.

// form says how a key column's value is written.
type form int

const (
	noForm    form = iota
	asNumber       // integers and decimals: as they are
	asOrdinal      // bit: its number
	asText         // text: its bytes in its own charset
	asBytes        // binary
	asClock        // date, datetime, time
	asInstant      // timestamp: seconds since 1970, whatever the session's time zone
	asPlain        // uuid, inet6: the server's own text
)

// keyForm is noForm for types that no literal can be compared with by the index: ENUM
// and SET are ordered by number, and with a number the index is not used.
func keyForm(k plans.KeyPart) form {
	name := strings.ToLower(tokens(k.Type + " ")[0].text)
	switch {
	case k.Class == schema.Integer, k.Class == schema.Decimal:
		return asNumber
	case name == "bit":
		return asOrdinal
	case k.Class == schema.Text:
		return asText
	case k.Class == schema.Binary:
		return asBytes
	case name == "timestamp":
		return asInstant
	case k.Class == schema.Temporal:
		return asClock
	case slices.Contains([]string{"uuid", "inet4", "inet6"}, name):
		return asPlain
	}
	return noForm
}

// text writes the expression that gives the value's text, of a column at prefix.
func (f form) text(column string) string {
	switch f {
	case asOrdinal:
		return column + " + 0"
	case asText, asBytes:
		return "HEX(" + column + ")"
	case asInstant:
		return "UNIX_TIMESTAMP(" + column + ")"
	}
	return column
}

var (
	digits    = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	clocks    = regexp.MustCompile(`^-?[0-9:. -]+$`)
	addresses = regexp.MustCompile(`^[0-9A-Fa-f:.-]+$`)
)

// literal writes a value so that the server compares it under the column's own
// rules and can use the index: integers bare, texts with charset and collation.
func (f form) literal(k plans.KeyPart, text string) (string, error) {
	bad := fmt.Errorf("key %q is no value of column %s of type %s", text, k.Name, k.Type)
	switch f {
	case asNumber, asOrdinal:
		if digits.MatchString(text) {
			return text, nil
		}
	case asText, asBytes:
		if _, err := hex.DecodeString(text); err != nil {
			return "", bad
		}
		if f == asBytes {
			return "x'" + text + "'", nil
		}
		return fmt.Sprintf("_%s x'%s' COLLATE %s", k.Charset, text, k.Collation), nil
	case asInstant:
		if digits.MatchString(text) {
			return "FROM_UNIXTIME(" + text + ")", nil
		}
	case asClock:
		if clocks.MatchString(text) {
			return "'" + text + "'", nil
		}
	case asPlain:
		if addresses.MatchString(text) {
			return "'" + text + "'", nil
		}
	}
	return "", bad
}

// keyText writes the expression that gives a row's whole key, for triggers and
// for looking keys up.
func keyText(key []plans.KeyPart, prefix string) string {
	var parts []string
	for i, k := range key {
		lead := `","`
		if i == 0 {
			lead = `["`
		}
		parts = append(parts, quoteText(lead), keyForm(k).text(prefix+quote(k.Name)))
	}
	return "CONCAT(" + strings.Join(append(parts, quoteText(`"]`)), ", ") + ")"
}

func encodeKey(texts []string) string {
	return `["` + strings.Join(texts, `","`) + `"]`
}

func decodeKey(key []plans.KeyPart, text string) ([]string, error) {
	var out []string
	if err := json.Unmarshal([]byte(text), &out); err != nil || len(out) != len(key) {
		return nil, fmt.Errorf("%q is not a key of %d columns", text, len(key))
	}
	return out, nil
}

// literals decodes a key into SQL.
func literals(key []plans.KeyPart, text string) ([]string, error) {
	texts, err := decodeKey(key, text)
	if err != nil {
		return nil, err
	}
	for i, k := range key {
		if texts[i], err = keyForm(k).literal(k, texts[i]); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// after is the condition for rows behind a key in the index's order, upTo for
// rows not behind it. Row values would not use the index; each condition begins
// with a bound on the first column, which does.
func after(key []plans.KeyPart, lits []string) string { return bound(key, lits, true, false) }

func upTo(key []plans.KeyPart, lits []string) string { return bound(key, lits, false, true) }

func bound(key []plans.KeyPart, lits []string, up, closed bool) string {
	k, col := key[0], quote(key[0].Name)
	op := "<"
	if up != k.Descending {
		op = ">"
	}
	if len(key) == 1 {
		if closed {
			op += "="
		}
		return fmt.Sprintf("%s %s %s", col, op, lits[0])
	}
	return fmt.Sprintf("%s %s= %s AND (%s %s %s OR (%s = %s AND %s))", col, op, lits[0], col, op, lits[0], col, lits[0], bound(key[1:], lits[1:], up, closed))
}

func equals(key []plans.KeyPart, lits []string) string {
	var out []string
	for i, k := range key {
		out = append(out, quote(k.Name)+" = "+lits[i])
	}
	return strings.Join(out, " AND ")
}

// between is the condition for the rows of (low, high]; an empty end is open.
func between(key []plans.KeyPart, low, high string) (string, error) {
	var out []string
	for _, e := range []struct {
		text string
		cond func([]plans.KeyPart, []string) string
	}{{low, after}, {high, upTo}} {
		if e.text == "" {
			continue
		}
		lits, err := literals(key, e.text)
		if err != nil {
			return "", err
		}
		out = append(out, e.cond(key, lits))
	}
	if len(out) == 0 {
		return "TRUE", nil
	}
	return strings.Join(out, " AND "), nil
}

// orderBy writes the key in the index's order.
func orderBy(key []plans.KeyPart) string {
	var out []string
	for _, k := range key {
		c := quote(k.Name)
		if k.Descending {
			c += " DESC"
		}
		out = append(out, c)
	}
	return strings.Join(out, ", ")
}

// readable writes a key for people: id=17.
func readable(key []plans.KeyPart, text string) string {
	m := readableMap(key, text)
	var out []string
	for _, k := range key {
		out = append(out, k.Name+"="+m[k.Name])
	}
	return strings.Join(out, " ")
}

func readableMap(key []plans.KeyPart, text string) map[string]string {
	out := map[string]string{}
	texts, err := decodeKey(key, text)
	if err != nil {
		return map[string]string{"key": text}
	}
	for i, k := range key {
		out[k.Name] = show(k, texts[i])
	}
	return out
}

// show turns hex back into text where the charset is one that Go shares.
func show(k plans.KeyPart, text string) string {
	if keyForm(k) != asText {
		if keyForm(k) == asBytes {
			return "0x" + text
		}
		return text
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return "0x" + text
	}
	switch k.Charset {
	case "utf8mb4", "utf8mb3", "utf8", "ascii":
		return string(raw)
	case "latin1":
		runes := make([]rune, len(raw))
		for i, b := range raw {
			runes[i] = rune(b)
		}
		return string(runes)
	}
	return "0x" + text
}
