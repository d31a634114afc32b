package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

var revoke = rule{lint.Rule{
	ID: "revoke", Severity: lint.Error, Kind: lint.Client,
	Summary: "rights are taken away that running clients may use",
	Why:     "A statement that needs the right fails from this moment on. A login that is locked, has another password or has to be by TLS goes on until the client connects anew, and is a warning. Take it away after the last client that uses it. A right that the same file gave is nobody's yet; MySQL keeps the old password beside a new one for as long as RETAIN CURRENT PASSWORD says.",
	Bad:     []lint.Example{{SQL: "REVOKE INSERT ON shop.* FROM 'app'@'%';"}, {SQL: "REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'app'@'%';"}},
	Good:    []lint.Example{{SQL: "GRANT SELECT ON shop.* TO 'app'@'%';"}, {SQL: "CREATE USER 'app'@'%';"}, {SQL: "GRANT SELECT ON shop.t TO report;\nREVOKE SELECT ON shop.t FROM report;"}},
}, func(c *call) {
	const safe = "Take it away after the last client that uses it, in a release of its own."
	switch c.verb {
	case "REVOKE":
		list := grants(c.body, "FROM")
		if len(list) == 0 || slices.ContainsFunc(list, func(g string) bool { return !c.granted[g] }) {
			c.report(said{message: "statements of running clients that need this right fail", safe: safe})
		}
	case "ALTER USER":
		if why := shutOut(c.body); why != "" {
			c.report(said{severity: lint.Warning, message: "running clients that log in again fail: " + why, safe: safe})
		}
	}
}}

// grants takes "SELECT, INSERT ON shop.t TO a, b" apart: one text for each right, object and user.
func grants(body, word string) []string {
	t := Syntax.Tokens(body)
	on, to := -1, -1
	for i, x := range t {
		switch {
		case x.Is("ON") && on < 0 && to < 0:
			on = i
		case x.Is(word) && to < 0:
			to = i
		case x.Is("WITH") && to >= 0:
			t = t[:i]
		}
		if len(t) == i {
			break
		}
	}
	if to < 0 || to >= len(t) {
		return nil
	}
	object, end := "", to
	if on >= 0 {
		object, end = plainText(t[on+1:to]), on
	}
	var out []string
	for _, right := range listed(t[:end]) {
		for _, user := range listed(t[to+1:]) {
			out = append(out, right+" on "+object+" to "+strings.TrimSuffix(user, "@%"))
		}
	}
	return out
}

// listed cuts at commas outside of parentheses.
func listed(t []lint.Token) []string {
	var out []string
	from := 0
	for i := 0; i <= len(t); i++ {
		if i == len(t) || t[i].Is(",") && depthOf(t[:i]) == 0 {
			out = append(out, plainText(t[from:i]))
			from = i + 1
		}
	}
	return out
}

func plainText(t []lint.Token) string {
	s := ""
	for _, x := range t {
		s += lower(x.Value())
	}
	return s
}

// shutOut says why an ALTER USER keeps somebody out who could log in before.
func shutOut(body string) string {
	t := Syntax.Tokens(body)
	for i := 0; i+1 < len(t); i++ {
		switch {
		case t[i].Is("ACCOUNT") && t[i+1].Is("LOCK"):
			return "the account is locked"
		case t[i].Is("PASSWORD") && t[i+1].Is("EXPIRE") && !(i+2 < len(t) && (t[i+2].Is("NEVER") || t[i+2].Is("DEFAULT") || t[i+2].Is("INTERVAL"))):
			return "the password has expired"
		case t[i].Is("IDENTIFIED") && !after(t, "RETAIN"):
			return "the password is another one"
		case t[i].Is("REQUIRE") && !t[i+1].Is("NONE"):
			return "the connection has to be encrypted"
		}
	}
	return ""
}
