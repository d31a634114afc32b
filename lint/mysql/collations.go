package mysql

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed collations.txt
var collationNames string

// collations are the names that each server knows; true is MariaDB.
var collations = sync.OnceValue(func() map[bool]map[string]bool {
	out := map[bool]map[string]bool{false: {}, true: {}}
	maria := false
	for l := range strings.Lines(collationNames) {
		l = strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(l, "#"):
		case l == "mysql", l == "mariadb":
			maria = l == "mariadb"
		default:
			for _, n := range strings.Fields(l) {
				out[maria][n] = true
			}
		}
	}
	return out
})

// collation reports whether the server has a collation of the name.
func (j *judge) collation(name string) bool {
	return collations()[j.maria][name] || j.maria && strings.Contains(name, "uca1400_")
}
