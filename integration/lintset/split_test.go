package lintset

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// token is what a semicolon may hide in, or a semicolon. Dollar quotes are looked for separately: an expression can't
// ask for the same tag at both ends.
var token = regexp.MustCompile("(?s)--[^\n]*|#[^\n]*|/\\*.*?\\*/|'(?:[^'\\\\]|\\\\.|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\\$[A-Za-z_]*\\$|;")

// compound statements hold semicolons of their own; in these files each is the last one of its text.
var compound = regexp.MustCompile(`(?is)^\s*(create\s+(or\s+replace\s+)?(definer\s*=\s*\S+\s+)?(trigger|procedure|function|event)\b.*\bbegin\b|begin\s+not\s+atomic\b)`)

// split cuts a text into statements. hash says that # begins a comment, as it does for MySQL.
func split(text string, hash bool) []string {
	var out []string
	rest := text
	for begin := 0; begin < len(rest); {
		at := token.FindStringIndex(rest[begin:])
		if at == nil {
			break
		}
		from, to := begin+at[0], begin+at[1]
		switch found := rest[from:to]; {
		case found == ";" && hash && compound.MatchString(rest[:from]):
			begin = len(rest)
		case found == ";":
			out, rest, begin = append(out, rest[:from]), rest[to:], 0
		case found[0] == '$':
			begin = to + max(0, strings.Index(rest[to:], found)) + len(found)
		case found[0] == '#' && !hash:
			begin = from + 1
		default:
			begin = to
		}
	}
	return slices.DeleteFunc(append(out, rest), blank)
}

// executable is a comment that MySQL or MariaDB runs.
var executable = regexp.MustCompile(`^/\*M?!`)

// blank says that a server would call a text an empty query.
func blank(text string) bool {
	bare := token.ReplaceAllStringFunc(text, func(t string) string {
		if strings.HasPrefix(t, "--") || strings.HasPrefix(t, "#") || strings.HasPrefix(t, "/*") && !executable.MatchString(t) {
			return ""
		}
		return t
	})
	return strings.TrimSpace(bare) == ""
}

func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{
		"A; B":                        {"A", " B"},
		"A -- x; y\n; B; -- end":      {"A -- x; y\n", " B"},
		"A ';' \";\" `;` /* ; */;\n":  {"A ';' \";\" `;` /* ; */"},
		"DO $x$ a; $$ b; $x$; B":      {"DO $x$ a; $$ b; $x$", " B"},
		"create trigger t begin a; b": {"create trigger t begin a; b"},
	} {
		if got := split(text, true); !slices.Equal(got, want) {
			t.Errorf("%q: got %q", text, got)
		}
	}
	if got := split("a #> b; c", false); len(got) != 2 {
		t.Errorf("a hash that isn't a comment: %q", got)
	}
}
