package lint

import (
	"fmt"

	"github.com/phasemig/phasemig/schema"
)

// Dialect is what the linter asks of a server's SQL.
type Dialect struct {
	Name   string // "postgres", "mysql", "mariadb"
	Syntax Syntax
	// Rules in the order of their documentation, Shared included.
	Rules []Rule
	// Newest is the version that is assumed if none is given, Oldest the first one that rules know.
	Newest, Oldest Version
	// New starts a simulation that begins with the catalog and changes it.
	New func(v Version, c *Catalog) Judge
	// Names lists the tables that a statement names, so that they can be looked up on a live server.
	Names func(text string) []schema.Ident
}

// Judge judges statements one after the other.
type Judge interface {
	// Begin is called before the first statement of a file.
	Begin(f *File)
	// Statement applies one statement and says what is to be said about it.
	Statement(s Statement) []Finding
	// End is called after the last statement of a file.
	End() []Finding
}

// Rule finds a rule by its ID.
func (d *Dialect) Rule(id string) (Rule, bool) {
	for _, r := range d.Rules {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

// Version is a server's version: major*10000 + minor*100 + patch, as the servers count.
// PostgreSQL's second number is its patch level since 10.
type Version int

// ParseVersion reads "9.7", "8.0.29", "18", "10.11.19-MariaDB".
func ParseVersion(s string) (Version, error) {
	var part [3]int
	n, seen := 0, false
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9' && part[n] < 1000:
			part[n], seen = part[n]*10+int(r-'0'), true
			continue
		case r == '.' && seen && n < 2:
			n++
			continue
		case !seen:
			return 0, fmt.Errorf("version %q: a number is wanted, such as 9.7 or 8.0.29", s)
		}
		break
	}
	if !seen {
		return 0, fmt.Errorf("version %q: a number is wanted, such as 9.7 or 8.0.29", s)
	}
	return Version(part[0]*10000 + part[1]*100 + part[2]), nil
}

func (v Version) String() string {
	if v%100 == 0 {
		return fmt.Sprintf("%d.%d", v/10000, v/100%100)
	}
	return fmt.Sprintf("%d.%d.%d", v/10000, v/100%100, v%100)
}
