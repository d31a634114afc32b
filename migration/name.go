package migration

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

var (
	notName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
	noStart = regexp.MustCompile(`^[^A-Za-z0-9]+`)
)

// Name makes a name for the change that files hold: that of the first one, with the number of the others.
func Name(paths []string) string {
	first := "sql"
	if len(paths) > 0 && paths[0] != "-" {
		first = stem(paths[0])
	}
	more := ""
	if n := len(paths) - 1; n > 0 {
		more = fmt.Sprintf("-and-%d-more", n)
	}
	return first[:min(len(first), 63-len(more))] + more
}

// stem is a file's name without what its tool adds; a folder's where all files are called the same.
func stem(p string) string {
	base := path.Base(p)
	if base == "migration.sql" && path.Dir(p) != "." {
		base = path.Base(path.Dir(p))
	}
	base = strings.TrimSuffix(base, ".sql")
	base = strings.TrimSuffix(base, ".up")
	base = noStart.ReplaceAllString(notName.ReplaceAllString(base, "-"), "")
	if base == "" {
		return "sql"
	}
	return base
}
