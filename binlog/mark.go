package binlog

import "strings"

// Mark is the comment by which a statement is known as the run's own. It belongs at
// the statement's end: there both servers log it with everything but DROP TABLE,
// which they write anew. In front of CREATE TRIGGER's second word it is lost, and some
// clients drop comments at the start.
func Mark(run string) string {
	if run == "" {
		return ""
	}
	return "/* " + markText(run) + " */"
}

func markText(run string) string { return "phasemig run " + strings.ReplaceAll(run, "*/", "") }
