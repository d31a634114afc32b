package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// created are the accounts of a CREATE USER or a CREATE ROLE.
func created(body string) []string {
	var out []string
	for _, part := range cutBy(Syntax.Tokens(body), ",") {
		end := 0
		for end < len(part) && !endsAccount(part[end]) {
			end++
		}
		if name := strings.TrimSuffix(plainText(part[:end]), "@%"); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// madeNames are the accounts or the database that a statement makes or drops.
func (s *statement) madeNames() []string {
	body := s.body
	if strings.HasPrefix(s.verb, "DROP ") {
		body = s.name
	}
	switch s.verb {
	case "CREATE USER", "CREATE ROLE", "DROP USER", "DROP ROLE":
		return created(body)
	case "CREATE DATABASE", "CREATE SCHEMA", "DROP DATABASE", "DROP SCHEMA":
		return []string{"database " + lower(newCursor(body).name())}
	}
	return nil
}

// endsAccount: what stands behind an account's name begins.
func endsAccount(t lint.Token) bool {
	for _, w := range []string{"IDENTIFIED", "REQUIRE", "WITH", "DEFAULT", "PASSWORD", "ACCOUNT", "COMMENT", "ATTRIBUTE"} {
		if t.Is(w) {
			return true
		}
	}
	return false
}

// unknownDefiner: the schema says which accounts there are, and the one that a view or a trigger runs as isn't among them. The server
// takes it with a warning, and every statement that uses it fails.
func (c *call) unknownDefiner() string {
	name := strings.TrimSuffix(c.definer, "@%")
	own := name == "" || strings.HasPrefix(name, "current_user") || strings.HasPrefix(name, "current_role") || strings.HasPrefix(name, "root@") || name == "root" || strings.Contains(name, ".sys@")
	if own || len(c.accounts) == 0 || c.accounts[name] {
		return ""
	}
	return "nothing says that there is an account " + c.definer + ", and without it statements of running clients fail that use what it defines"
}

// loginFaults: MySQL 9 has no mysql_native_password any more.
func (c *call) loginFaults() []string {
	if t := Syntax.Tokens(c.body); !c.maria && c.version >= 90000 && slices.ContainsFunc(t, func(x lint.Token) bool { return same(x.Value(), "mysql_native_password") }) {
		return []string{"MySQL has no mysql_native_password since 9.0; caching_sha2_password is the usual one"}
	}
	return nil
}
