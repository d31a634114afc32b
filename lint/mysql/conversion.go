package mysql

import (
	"slices"
	"strings"
)

// refusedValues says which values of a type another one doesn't take in strict mode; "" if it takes all.
func refusedValues(from, to typ, maria bool) string {
	switch {
	case sameType(from, to):
		if from.text() && !holdsCharset(from.charset, to.charset) && !plainMembers(from) {
			return "that " + to.charset + " can't hold"
		}
		return ""
	case numeric(from) && numeric(to):
		return narrowerNumber(from, to)
	case character(from) && character(to):
		return narrowerText(from, to)
	case from.text() && character(to):
		if room(to) < memberLength(from) {
			return "that are longer than " + to.String()
		}
		return ""
	case to.name == "enum" || to.name == "set":
		if from.name == to.name || from.name == "enum" {
			return missingMember(from, to)
		}
		return "that aren't members of it"
	case character(to):
		return tooShort(from, to)
	case temporal(from) && temporal(to):
		if to.name == "timestamp" {
			return "that are before 1970 or after 2038"
		}
		return ""
	case !maria && to.name == "bit" && (strings.HasSuffix(from.name, "text") || strings.HasSuffix(from.name, "blob")):
		return ""
	}
	if maria && from.name == "double" && to.name == "time" {
		return "that are beyond what a time can be"
	}
	return otherKind(from, to)
}

func numeric(t typ) bool {
	return t.integer() || t.name == "decimal" || t.name == "float" || t.name == "double" || t.name == "bit" || t.name == "year"
}

// character types hold texts or bytes.
func character(t typ) bool {
	return t.text() && t.name != "enum" && t.name != "set" || strings.HasSuffix(t.name, "blob") || t.name == "binary" || t.name == "varbinary"
}

func temporal(t typ) bool { return t.name == "date" || t.name == "datetime" || t.name == "timestamp" }

// spanOf is what a number's type holds, in digits before the point.
func spanOf(t typ) (bits int, digits int) {
	switch t.name {
	case "tinyint":
		return 8, 3
	case "smallint":
		return 16, 5
	case "mediumint":
		return 24, 8
	case "int":
		return 32, 10
	case "bigint":
		if t.unsigned {
			return 64, 20
		}
		return 64, 19
	case "year":
		return 12, 4
	case "bit":
		return t.arg(0, 1), t.arg(0, 1)*3/10 + 1
	case "decimal":
		return 0, t.arg(0, 10) - t.arg(1, 0)
	}
	return 0, 400
}

func narrowerNumber(from, to typ) string {
	out := "that are out of the range of " + to.String()
	fb, fd := spanOf(from)
	tb, td := spanOf(to)
	natural := from.unsigned || from.name == "bit" || from.name == "year"
	switch {
	case to.name == "year" && from.name != "year":
		return out
	case to.name == "float" && from.name != "double", to.name == "double":
		if to.unsigned && !natural {
			return out
		}
		return ""
	case !natural && (to.unsigned || to.name == "bit"):
		return out
	case from.integer() && to.integer():
		if natural && !to.unsigned {
			fb++
		}
		if fb > tb {
			return out
		}
		return ""
	case from.name == "bit" && to.integer(), from.name == "year" && to.integer():
		if !to.unsigned {
			fb++
		}
		if fb > tb {
			return out
		}
		return ""
	case to.name == "bit":
		if from.integer() && fb <= tb || from.name == "bit" && fb <= tb {
			return ""
		}
		return out
	case from.name == "decimal" && to.integer():
		if fd >= td {
			return out
		}
		return ""
	}
	if fd > td {
		return out
	}
	return ""
}

// room is how many characters (bytes for binary types) fit.
func room(t typ) int {
	switch t.name {
	case "char", "binary":
		return t.arg(0, 1)
	case "varchar", "varbinary":
		return t.arg(0, 0)
	case "tinytext", "tinyblob":
		return 255
	case "text", "blob":
		return 65535
	case "mediumtext", "mediumblob":
		return 1<<24 - 1
	}
	return 1<<32 - 1
}

func binaryType(t typ) bool {
	return strings.HasSuffix(t.name, "blob") || t.name == "binary" || t.name == "varbinary"
}

func narrowerText(from, to typ) string {
	long := "that are longer than " + to.String()
	size := func(t typ) int {
		n := room(t)
		if (t.name == "char" || t.name == "varchar") && t.text() {
			n *= narrow(t.charset)
		}
		return n
	}
	counted := func(t typ) bool { return t.name == "char" || t.name == "varchar" }
	switch {
	case binaryType(from) && !binaryType(to) && to.charset != "latin1" && to.charset != "binary":
		return "that aren't texts of its character set"
	case counted(from) && counted(to):
		if room(to) < room(from) {
			return long
		}
	case counted(to):
		if room(to) < room(from) {
			return long
		}
	case size(to) < size(from):
		return long
	}
	if from.text() && to.text() && !holdsCharset(from.charset, to.charset) {
		return "that " + to.charset + " can't hold"
	}
	return ""
}

// plainMembers: an ENUM or a SET whose members every character set can hold.
func plainMembers(t typ) bool {
	return len(t.values) > 0 && !slices.ContainsFunc(t.values, func(v string) bool {
		return strings.ContainsFunc(v, func(r rune) bool { return r >= 0x80 })
	})
}

// holdsCharset reports whether every text of a character set can be written in another one, or it isn't known.
func holdsCharset(from, to string) bool {
	switch {
	case from == to, from == "", to == "", from == "ascii", to == "binary":
		return true
	case strings.HasPrefix(to, "utf8mb4"), strings.HasPrefix(to, "utf16"), to == "utf32", to == "gb18030":
		return true
	case to == "utf8mb3", to == "ucs2":
		return from == "utf8mb3" || from == "ucs2" || width(from) == 1 || width(from) == 2
	}
	return false
}

func memberLength(t typ) int {
	n := 0
	for _, v := range t.values {
		if t.name == "set" {
			n += len(v) + 1
		} else {
			n = max(n, len(v))
		}
	}
	return n
}

func missingMember(from, to typ) string {
	for _, v := range from.values {
		if !slices.ContainsFunc(to.values, func(o string) bool { return strings.EqualFold(o, v) }) {
			return "that are '" + v + "'"
		}
	}
	return ""
}

// written is the most characters that a value takes as a text.
func written(t typ) int {
	switch t.name {
	case "tinyint":
		return 4
	case "smallint":
		return 6
	case "mediumint":
		return 8
	case "int":
		return 11
	case "bigint":
		return 20
	case "decimal":
		return t.arg(0, 10) + 2
	case "float", "double":
		return 22
	case "date":
		return 10
	case "year":
		return 4
	case "time":
		return 10
	case "datetime", "timestamp":
		if n := t.arg(0, 0); n > 0 {
			return 20 + n
		}
		return 19
	case "bit":
		return (t.arg(0, 1) + 7) / 8
	}
	return 1<<32 - 1
}

func tooShort(from, to typ) string {
	n := written(from)
	if from.unsigned && n < 20 && from.integer() {
		n--
	}
	if from.name == "bit" && strings.HasSuffix(to.name, "text") {
		return "that aren't texts of its character set"
	}
	if from.name == "json" && room(to) < 1<<24 || room(to) < n && from.name != "json" {
		return "that are longer than " + to.String()
	}
	return ""
}

// otherKind is a conversion between kinds of values.
func otherKind(from, to typ) string {
	switch {
	case to.name == "json" && (from.integer() || from.name == "decimal" || from.name == "double" || from.name == "float" || from.name == "year"):
		return ""
	case to.name == "time" && temporal(from), to.name == "date" && from.name == "time", (to.name == "datetime" || to.name == "timestamp") && from.name == "time":
		return ""
	case (from.name == "enum" || from.name == "set") && numeric(to), from.geometry() && to.name == "geometry":
		return ""
	case to.name == "time" && (from.name == "tinyint" || from.name == "year" || from.name == "bit" || from.name == "double"):
		return ""
	case from.name == "time" && (to.name == "double" || (to.name == "int" || to.name == "bigint") && !to.unsigned):
		return ""
	case to.name == "decimal" && (from.name == "time" || from.name == "date") && to.arg(0, 10)-to.arg(1, 0) >= 8:
		return ""
	case (from.name == "datetime" || from.name == "timestamp") && (to.name == "bigint" || to.name == "double"):
		return ""
	case from.name == "date" && (to.name == "bigint" || to.name == "int" || to.name == "double"):
		return ""
	}
	return "that aren't a " + to.String()
}
