package mysql

import (
	"strconv"

	"github.com/phasemig/phasemig/lint"
)

// shortest is how many characters an expression gives at least, where no text that goes into it is empty and no number is NULL; 0 where
// that can't be told.
func shortest(t []lint.Token) int {
	t = unwrapped(t)
	switch {
	case len(t) == 1 && t[0].Kind == lint.String:
		return len([]rune(t[0].Value()))
	case len(t) == 1 && (ident(t[0]) || t[0].Kind == lint.Number), len(t) == 3 && t[1].Is(".") && ident(t[2]):
		return 1
	case len(t) > 2 && t[0].Kind == lint.Word && t[1].Is("(") && matching(t[1:]) == len(t)-2:
		return shortestCall(lower(t[0].Text), cutBy(t[2:len(t)-1], ","))
	}
	return 0
}

// fixedLengths are functions that give texts of one length.
var fixedLengths = map[string]int{"uuid": 36, "md5": 32, "sha": 40, "sha1": 40, "now": 19, "current_timestamp": 19, "curdate": 10, "current_date": 10}

func shortestCall(name string, args [][]lint.Token) int {
	sum := 0
	for _, a := range args {
		sum += shortest(a)
	}
	number := func(i int) int {
		if i >= len(args) || len(args[i]) != 1 {
			return 0
		}
		n, _ := strconv.Atoi(args[i][0].Text) // what is no number bounds nothing
		return max(n, 0)
	}
	switch name {
	case "concat":
		return sum
	case "repeat":
		return shortest(args[0]) * number(1)
	case "lpad", "rpad":
		return number(1)
	case "space":
		return number(0)
	case "upper", "ucase", "lower", "lcase", "reverse":
		return shortest(args[0])
	}
	return fixedLengths[name]
}

// overlong says why the text of an expression never fits a column, "" where it may.
func overlong(to typ, v string) string {
	if to.name != "char" && to.name != "varchar" {
		return ""
	}
	if n := shortest(Syntax.Tokens(v)); n > to.arg(0, 1) {
		return "it has " + strconv.Itoa(n) + " characters or more, and " + to.String() + " doesn't hold them"
	}
	return ""
}
