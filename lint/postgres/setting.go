package postgres

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// The settings of PostgreSQL 15 and 18: SELECT name FROM pg_settings. A name with a dot may be anybody's.
//
//go:embed settings.txt
var settingsText string

var settings = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{"role": true, "session_authorization": true, "names": true, "seed": true, "time zone": true, "transaction": true, "session characteristics": true, "transaction snapshot": true, "xmloption": true}
	for _, n := range strings.Fields(settingsText) {
		out[strings.ToLower(n)] = true
	}
	return out
})

// duration is what a setting that is a time takes; without a unit it is in milliseconds.
var duration = regexp.MustCompile(`^\s*-?\d+(\.\d+)?\s*(us|ms|s|min|h|d)?\s*$`)

// settingImpossible says why SET and RESET fail.
func (c *call) settingImpossible(n *pg.VariableSetStmt) string {
	name := strings.ToLower(n.Name)
	if name == "" || strings.Contains(name, ".") || n.Kind == pg.VariableSetKind_VAR_SET_MULTI || n.Kind == pg.VariableSetKind_VAR_RESET_ALL {
		return ""
	}
	if !settings()[name] && c.version >= 150000 && c.version < 190000 {
		return "there is no setting " + n.Name
	}
	if n.Kind != pg.VariableSetKind_VAR_SET_VALUE || !strings.HasSuffix(name, "_timeout") || len(n.Args) != 1 {
		return ""
	}
	if v := n.Args[0].GetAConst(); v.GetSval() != nil && !duration.MatchString(v.GetSval().Sval) {
		return "'" + v.GetSval().Sval + "' is no time for " + n.Name
	}
	return ""
}
