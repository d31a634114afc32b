package mysql

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// knowsFunctions: the list of functions is this version's.
func (j *judge) knowsFunctions() bool {
	return !j.oracle && (j.version >= 90600 && !j.maria || j.maria && j.version >= 101100 && j.version < 110000)
}

// noFunction says that a word in front of a parenthesis, in an expression, is the name of no function, or of one with other arguments.
func (j *judge) noFunction(t []lint.Token, i int) string {
	n := lower(t[i].Text)
	plain := t[i].Kind == lint.Word && i+1 < len(t) && t[i+1].Is("(") && t[i+1].Start == t[i].End && (i == 0 || !t[i-1].Is("."))
	if _, isType := canonical[n]; !plain || isType || !j.knowsFunctions() || functions()[j.maria][n] || j.reserved(n) || strings.HasPrefix(n, "placeholder") {
		return ""
	}
	r := j.routine(n)
	switch {
	case j.missingRoutine(n), r != nil && r.Options["word"] == "PROCEDURE":
		return "there is no function " + n
	case r != nil && r.Options["word"] == "FUNCTION":
		if want, given := arguments(r.Options["definition"]), passed(t[i+1:]); want >= 0 && given != want {
			return fmt.Sprintf("the function %s takes %d arguments", n, want)
		}
	}
	return ""
}

// passed counts what stands in the parentheses that the tokens begin with.
func passed(t []lint.Token) int {
	end := matching(t)
	if end <= 1 {
		return 0
	}
	return len(cutBy(t[1:end], ","))
}
