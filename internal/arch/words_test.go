package arch

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// neutral packages hold for every server: a word of one of them is a rule that
// the other was not asked about.
var neutral = []string{"schema", "plans", "stream", "state", "throttle", "backfill", "verify", "dualwrite", "shadow", "gate", "canary", "engine"}

// serverWords are whole words of identifiers, in lower case.
var serverWords = []string{"mysql", "mariadb", "innodb", "binlog", "gtid", "postgres", "postgresql", "pg", "pgx", "pgoutput", "lsn", "wal", "oid", "plpgsql"}

func TestNoServerWordsInNeutralCode(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || f.pkg != "dialect" && !slices.Contains(neutral, f.pkg) {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				for _, w := range wordsOf(id.Name) {
					if slices.Contains(serverWords, w) {
						t.Errorf("%s: %s holds the word %q", f.at(id), id.Name, w)
					}
				}
			}
			return true
		})
	}
}

// wordsOf splits an identifier at underscores and at changes of case.
func wordsOf(name string) []string {
	var out []string
	word := ""
	runes := []rune(name)
	for i, r := range runes {
		begins := unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if r == '_' || begins {
			out = append(out, word)
			word = ""
		}
		if r != '_' {
			word += string(unicode.ToLower(r))
		}
	}
	return append(out, word)
}

func TestWordsOf(t *testing.T) {
	for name, want := range map[string]string{
		"mysqlOnly": "mysql only", "LSNOfTable": "lsn of table", "pg_visible": "pg visible", "walk": "walk", "fromGTID": "from gtid",
	} {
		if got := strings.Join(wordsOf(name), " "); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
