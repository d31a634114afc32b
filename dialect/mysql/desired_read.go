package mysql

import (
	"regexp"
	"strings"

	"github.com/phasemig/phasemig/lint"
	syntax "github.com/phasemig/phasemig/lint/mysql"
	"github.com/phasemig/phasemig/migration"
)

// definition is what a statement of a desired schema is about.
type definition struct {
	nothing     bool // of a session, or what a dump does before it creates
	wrong, hint string
}

var decimal = regexp.MustCompile(`^[0-9]+\.[0-9]*([eE][0-9]*)?$`)

// readDefinition lets only statements through that can't reach out of the database that they are run in: these servers take no
// definition back.
func readDefinition(q string) definition {
	t := migration.NewText(q, syntax.Syntax)
	switch {
	case len(t.Tokens) == 0, t.At(0, "SET"), t.At(0, "DROP", "TABLE", "IF", "EXISTS"), t.At(0, "LOCK", "TABLES"), t.At(0, "UNLOCK", "TABLES"), t.At(0, "START", "TRANSACTION"), t.At(0, "COMMIT"):
		return definition{nothing: true}
	case t.At(0, "CREATE", "TABLE"), t.At(0, "ALTER", "TABLE"), t.At(0, "CREATE", "INDEX"), t.At(0, "CREATE", "UNIQUE", "INDEX"), t.At(0, "CREATE", "FULLTEXT", "INDEX"), t.At(0, "CREATE", "SPATIAL", "INDEX"):
	default:
		return definition{wrong: "it is no definition of a table", hint: "tables and their indexes are compared; let the migration tool run the rest"}
	}
	for n, k := range t.Tokens {
		switch {
		case n > 0 && k.Is("."), k.Kind == lint.Number && strings.Contains(k.Text, ".") && !decimal.MatchString(k.Text): // 1a.b is a name, too
			return definition{wrong: "a name has a database in front, and the file is loaded into another one", hint: "leave the database out"}
		case k.Is("SELECT"), t.At(0, "ALTER") && k.Is("RENAME"), t.At(n, "DATA", "DIRECTORY"), t.At(n, "INDEX", "DIRECTORY"):
			return definition{wrong: k.Text + " has no place in a definition of a table"}
		}
	}
	if i := strings.Index(q, "/*!"); i >= 0 && strings.ContainsAny(q[i:], ".") || strings.Contains(q, "/*M!") {
		return definition{wrong: "code in a comment that only some servers run could reach another database", hint: "write it without the comment"}
	}
	return definition{}
}
