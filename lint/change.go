package lint

import (
	"regexp"
	"strconv"
	"strings"
)

var plainYAML = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ChangeFile writes a change file of one operation, as phasemig plan reads it. Pairs are keys and values in their order.
func ChangeFile(operation string, pairs ...string) string {
	var name, fields []string
	for i := 0; i+1 < len(pairs); i += 2 {
		v := pairs[i+1]
		if !plainYAML.MatchString(v) || strings.EqualFold(v, "null") || strings.EqualFold(v, "true") || strings.EqualFold(v, "false") {
			v = strconv.Quote(v)
		}
		fields = append(fields, pairs[i]+": "+v)
		name = append(name, nonWord.ReplaceAllString(strings.ToLower(pairs[i+1]), "-"))
	}
	return "# change.yaml, for phasemig plan --change\nname: " + strings.Trim(strings.Join(name, "-"), "-") + "\noperations:\n  - " + operation + ": {" + strings.Join(fields, ", ") + "}"
}

var nonWord = regexp.MustCompile(`[^a-z0-9]+`)
