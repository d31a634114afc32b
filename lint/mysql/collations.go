package mysql

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed collations.txt
var collationNames string

//go:embed variables.txt
var variableNames string

//go:embed functions.txt
var functionNames string

// collations, variables and functions are the names that each server knows; true is MariaDB.
var (
	functions  = sync.OnceValue(func() map[bool]map[string]bool { return serverNames(functionNames) })
	collations = sync.OnceValue(func() map[bool]map[string]bool { return serverNames(collationNames) })
	variables  = sync.OnceValue(func() map[bool]map[string]bool { return serverNames(variableNames) })
)

// serverNames reads a list of names for each server. One that is marked, as a:global, is in it with its mark, too.
func serverNames(text string) map[bool]map[string]bool {
	out := map[bool]map[string]bool{false: {}, true: {}}
	maria := false
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(l, "#"):
		case l == "mysql", l == "mariadb":
			maria = l == "mariadb"
		default:
			for _, n := range strings.Fields(l) {
				name, _, _ := strings.Cut(n, ":")
				out[maria][name], out[maria][n] = true, true
			}
		}
	}
	return out
}

// collation reports whether the server has a collation of the name.
func (j *judge) collation(name string) bool {
	return collations()[j.maria][name] || j.maria && strings.Contains(name, "uca1400_")
}
