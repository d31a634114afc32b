package postgres

import (
	_ "embed"
	"strings"
	"sync"
)

// The server's own functions and types, as PostgreSQL 18 has them in pg_catalog. functions.txt holds, by name: the type that comes out ("?" where
// it isn't the same under every signature), whether it is immutable (i; m: under some signatures; v: under none), and its kind (f, a for
// aggregates, w for window functions):
//
//	SELECT proname, …prorettype, …provolatile, …prokind FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace GROUP BY 1
//
//go:embed functions.txt
var functionsText string

// SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm', 'p') AND typname !~ '^_'
//
//go:embed types.txt
var typesText string

// SELECT DISTINCT opcname FROM pg_opclass
//
//go:embed opclasses.txt
var classesText string

var classes = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, n := range strings.Fields(classesText) {
		out[n] = true
	}
	return out
})

type builtin struct{ returns, volatility, kind string }

var builtins = sync.OnceValue(func() map[string]builtin {
	out := map[string]builtin{}
	for l := range strings.Lines(functionsText) {
		if f := strings.Fields(l); len(f) == 4 {
			out[f[0]] = builtin{strings.TrimPrefix(f[1], "?"), f[2], f[3]}
		}
	}
	return out
})

var builtinTypes = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{"serial2": true, "serial4": true, "serial8": true, "smallserial": true, "serial": true, "bigserial": true}
	for _, n := range strings.Fields(typesText) {
		out[n] = true
	}
	return out
})
