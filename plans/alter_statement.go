package plans

import (
	"regexp"
	"strings"
)

var alterHead = regexp.MustCompile(`(?is)^\s*ALTER\s+(?:ONLINE\s+)?TABLE\s+(?:IF\s+EXISTS\s+)?`)

// ParseAlter reads one ALTER TABLE statement as a change: the table's name and what
// stands behind it, untouched.
func ParseAlter(statement string) (AlterTable, error) {
	head := alterHead.FindString(statement)
	if head == "" {
		return AlterTable{}, &InputError{What: "--alter", Reason: "it is no ALTER TABLE statement", Hint: `phasemig plan --alter "ALTER TABLE users MODIFY age BIGINT"`}
	}
	rest := strings.TrimSpace(statement[len(head):])
	first, rest := identifier(rest)
	name := first
	if strings.HasPrefix(rest, ".") {
		var second string
		second, rest = identifier(rest[1:])
		name = first + "." + second
	}
	rest = strings.TrimSuffix(strings.TrimSpace(rest), ";")
	if first == "" || strings.TrimSpace(rest) == "" {
		return AlterTable{}, &InputError{What: "--alter", Reason: "no table, or nothing to do to it, is named"}
	}
	return AlterTable{Table: name, SQL: strings.TrimSpace(rest)}, nil
}

// identifier takes a name off the start of s, in whichever quotes it stands.
func identifier(s string) (name, rest string) {
	if s == "" {
		return "", ""
	}
	if q := s[:1]; q == "`" || q == `"` {
		for i := 1; i < len(s); i++ {
			if s[i:i+1] != q {
				continue
			}
			if i+1 < len(s) && s[i+1:i+2] == q {
				i++
				continue
			}
			return strings.ReplaceAll(s[1:i], q+q, q), s[i+1:]
		}
		return "", ""
	}
	i := strings.IndexFunc(s, func(r rune) bool { return r == '.' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i:]
}

var notName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// AlterName makes a name for a change that is given as a statement.
func AlterName(a AlterTable) string {
	name := "alter-" + strings.Trim(notName.ReplaceAllString(a.Table, "-"), "-")
	return name[:min(len(name), 63)]
}
