package binlog

import "strings"

// Mark is the comment by which a statement is known as the run's own. It belongs
// behind the statement's first word: servers write some statements anew and drop
// what stands in front of them, and clients drop it too.
func Mark(run string) string {
	if run == "" {
		return ""
	}
	return "/* " + markText(run) + " */"
}

func markText(run string) string { return "phasemig run " + strings.ReplaceAll(run, "*/", "") }
