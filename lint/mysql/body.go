package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// bodyFaults says what a trigger or a function mustn't do: commit, change a schema, give back rows.
func bodyFaults(word, body string) []string {
	if word != "TRIGGER" && word != "FUNCTION" {
		return nil
	}
	t := tokens(body)
	var out []string
	for i := range t {
		if t[i].Kind != lint.Word || !opens(t, i) || word == "FUNCTION" && i == 0 {
			continue
		}
		switch u := strings.ToUpper(t[i].Text); u {
		case "COMMIT", "ROLLBACK", "ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE", "LOCK", "UNLOCK", "FLUSH", "OPTIMIZE", "ANALYZE", "START", "PREPARE", "EXECUTE", "DEALLOCATE":
			if i+1 < len(t) && (t[i+1].Is("TEMPORARY") || u == "ROLLBACK" && t[i+1].Is("TO")) {
				continue
			}
			out = append(out, "a "+lower(word)+" can't "+u)
		case "SELECT":
			if !into(t[i:]) {
				out = append(out, "a "+lower(word)+" can't give rows back; SELECT … INTO keeps them")
			}
		}
	}
	return out
}

// into: a SELECT has INTO before its end.
func into(t []lint.Token) bool {
	for _, x := range t {
		if x.Is(";") {
			return false
		}
		if x.Is("INTO") {
			return true
		}
	}
	return false
}

// unsafe: a function doesn't say what it does with data, which the server wants to know while it writes a binary log.
func unsafe(body string) bool {
	t := tokens(body)
	for i := range t {
		next := lint.Token{}
		if i+1 < len(t) {
			next = t[i+1]
		}
		switch {
		case t[i].Is("DETERMINISTIC") && (i == 0 || !t[i-1].Is("NOT")), t[i].Is("NO") && next.Is("SQL"), t[i].Is("READS") && next.Is("SQL"), t[i].Is("SONAME"):
			return false
		case t[i].Is("BEGIN"), t[i].Is("RETURN"):
			return true
		}
	}
	return true
}
