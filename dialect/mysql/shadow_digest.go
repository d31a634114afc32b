package mysql

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/shadow"
)

// rowValue joins all compared columns into one value: equal bytes mean equal rows. Values
// that can't hold the separator come first, then the lengths of the others, then these one
// behind the other, so that nothing that moves from one column to the next goes unseen.
// NULL stands as N, which is neither a number nor a length.
//
// It is computed for every row of both tables, and a call of a function costs the server more
// than the hash: columns that take no NULL are named as they are.
func (p *pair) rowValue(which shadow.Side) string {
	alike := p.oneCharset()
	var parts, texts []string
	for _, c := range p.columns {
		from, _ := anyCase(p.from, c.From)
		to, _ := anyCase(p.to, c.To)
		col := from
		if which == shadow.Target {
			col = to
		}
		value := compared(col, from, to)
		if alike && from.Class == schema.Text {
			value = quote(col.Name)
		}
		nullable := from.Nullable || to.Nullable
		if !free(value, to) {
			if nullable && (to.Class == schema.UUID || to.Class == schema.Opaque) { // such a type would make NULL of the N
				value = "CONCAT(" + value + ")"
			}
			parts = append(parts, orElse(nullable, value, "'N'"))
			continue
		}
		parts = append(parts, orElse(nullable, "LENGTH("+value+")", "'N'"))
		texts = append(texts, orElse(nullable, value, "''"))
	}
	return "CONCAT(" + strings.Join(append([]string{strings.Join(parts, ", '#', "), "'#'"}, texts...), ", ") + ")"
}

func orElse(nullable bool, value, null string) string {
	if !nullable {
		return value
	}
	return "IFNULL(" + value + ", " + null + ")"
}

// free: the value may hold any bytes.
func free(value string, to schema.Column) bool {
	switch to.Class {
	case schema.Text, schema.Binary, schema.JSON:
		return !strings.HasPrefix(value, "HEX(")
	}
	return false
}

// oneCharset: all text has one character set in both tables, an extension of ASCII, so that the
// server joins it with numbers without converting a byte.
func (p *pair) oneCharset() bool {
	set := ""
	for _, c := range p.columns {
		from, _ := anyCase(p.from, c.From)
		to, _ := anyCase(p.to, c.To)
		if from.Class != schema.Text && to.Class != schema.Text {
			continue
		}
		if set == "" {
			set = from.Charset
		}
		if from.Charset != set || !sameDefinition(from, to) {
			return false
		}
	}
	switch set {
	case "utf8mb4", "utf8mb3", "utf8", "latin1", "ascii":
		return true
	}
	return false
}

// digest is the sum over rows of a strong hash: rows are told apart by their keys,
// so no two cancel each other. The server's own words for it differ: where bits are summed of
// numbers alone, each half of the hash goes through a checksum, which is as good as any 32 of its bits
// and costs a third of converting hexadecimal digits.
func (p *pair) digest(row string) string {
	hash := "SHA2(" + row + ", 256)"
	if !mariadb(p.s.see) {
		return "HEX(BIT_XOR(UNHEX(" + hash + ")))"
	}
	return fmt.Sprintf("CONCAT(BIT_XOR(CRC32(LEFT(%s, 32))), '/', BIT_XOR(CRC32(RIGHT(%s, 32))))", hash, hash)
}
