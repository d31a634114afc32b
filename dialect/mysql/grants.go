package mysql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// rights is what the account may do, as SHOW GRANTS prints it with the roles that
// are active.
type rights struct {
	account string // as in GRANT … TO account
	list    []right
}

type right struct {
	schema, table string   // patterns; "*" for all
	privileges    []string // upper case
	revoked       bool
	all           bool
	grant         bool // WITH GRANT OPTION
}

// rights reads the account's grants.
func (s *server) rights(ctx context.Context) (rights, error) {
	lines, err := s.grantLines(ctx)
	if err != nil {
		return rights{}, fmt.Errorf("read the account's grants: %w", err)
	}
	var out rights
	for _, l := range lines {
		if r, ok := parseGrant(tokens(l)); ok {
			out.list = append(out.list, r)
		}
	}
	var account string
	if err := s.db.QueryRowContext(ctx, "SELECT CURRENT_USER()").Scan(&account); err != nil {
		return rights{}, fmt.Errorf("read the account: %w", classify(err))
	}
	i := strings.LastIndex(account, "@")
	out.account = quote(account[:i]) + "@" + quote(account[i+1:])
	return out, nil
}

// grantLines asks with the active roles where the server wants them named.
func (s *server) grantLines(ctx context.Context) ([]string, error) {
	q := "SHOW GRANTS"
	var roles string
	if err := s.db.QueryRowContext(ctx, "SELECT CURRENT_ROLE()").Scan(&roles); err == nil && strings.Contains(roles, "@") && roles != "NONE" {
		q = "SHOW GRANTS FOR CURRENT_USER() USING " + roles
	}
	list, err := records(ctx, s.db, q)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range list {
		for _, v := range r { // one column, named after the account
			out = append(out, v)
		}
	}
	return out, nil
}

// parseGrant reads GRANT a, b (c) ON `db`.`table` TO … .
func parseGrant(list []token) (right, bool) {
	var r right
	if len(list) == 0 || !(words(list, "GRANT") || words(list, "REVOKE")) {
		return r, false
	}
	r.revoked = words(list, "REVOKE")
	at := slices.IndexFunc(list, func(t token) bool { return strings.EqualFold(t.text, "ON") })
	if at < 0 || at+3 >= len(list) {
		return r, false // a role
	}
	for _, p := range split(list[1:at]) {
		if !slices.ContainsFunc(p, func(t token) bool { return t.text == "(" }) { // a grant on columns is not enough for a table
			r.privileges = append(r.privileges, strings.ToUpper(join(p)))
		}
	}
	r.all = slices.Contains(r.privileges, "ALL PRIVILEGES") || slices.Contains(r.privileges, "ALL")
	on := list[at+1:]
	if words(on, "TABLE") {
		on = on[1:]
	}
	if len(on) < 3 || on[1].text != "." {
		return r, false // a routine or a proxy user
	}
	r.schema, r.table = unquote(on[0].text), unquote(on[2].text)
	n := len(list)
	r.grant = n >= 3 && words(list[n-3:], "WITH", "GRANT", "OPTION")
	return r, true
}

// has reports whether a privilege is held on a table, on a whole database (table
// "*") or globally (both "*"). Of several grants on databases whose patterns match the
// server takes only the most specific, even where the others say more.
func (r rights) has(privilege string, on schema.Ident) bool {
	held, pattern := false, r.pattern(on.Schema)
	for _, g := range r.list {
		if !g.covers(on) || !g.gives(privilege) || g.table == "*" && g.schema != "*" && g.schema != pattern {
			continue
		}
		held = !g.revoked
	}
	return held
}

func (g right) gives(privilege string) bool {
	switch {
	case privilege == "GRANT OPTION":
		return g.grant || slices.Contains(g.privileges, privilege)
	case g.all:
		return g.schema == "*" || !globalOnly[privilege]
	}
	return slices.Contains(g.privileges, privilege)
}

// pattern is the database's name as a grant on all of it should be written: as the
// most specific grant that is there writes it, because another would hide that one or
// be hidden by it.
func (r rights) pattern(database string) string {
	best, most := database, -1
	for _, g := range r.list {
		if g.table == "*" && g.schema != "*" && like(g.schema, database) {
			if n := literalLength(g.schema); n > most {
				best, most = g.schema, n
			}
		}
	}
	return best
}

// literalLength is how far a pattern goes before its first wild character.
func literalLength(pattern string) int {
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '%', '_':
			return i
		}
	}
	return 1 << 10
}

var globalOnly = map[string]bool{"PROCESS": true, "SUPER": true, "XA_RECOVER_ADMIN": true, "CONNECTION_ADMIN": true, "REPLICATION CLIENT": true,
	"REPLICATION SLAVE": true, "BINLOG MONITOR": true, "SET_ANY_DEFINER": true, "SET_USER_ID": true, "SET USER": true}

func (g right) covers(on schema.Ident) bool {
	return (g.schema == "*" || on.Schema != "*" && like(g.schema, on.Schema)) && (g.table == "*" || g.table == on.Name)
}

// like matches a database's name with the pattern of a grant: _ and % are wild
// unless escaped.
func like(pattern, name string) bool {
	if pattern == "" {
		return name == ""
	}
	switch c := pattern[0]; {
	case c == '\\' && len(pattern) > 1:
		return name != "" && name[0] == pattern[1] && like(pattern[2:], name[1:])
	case c == '%':
		return like(pattern[1:], name) || name != "" && like(pattern, name[1:])
	case c == '_':
		return name != "" && like(pattern[1:], name[1:])
	default:
		return name != "" && name[0] == c && like(pattern[1:], name[1:])
	}
}
