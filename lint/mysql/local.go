package mysql

import (
	"maps"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// routineBody judges what a call of a procedure runs: what stands behind its parameters and characteristics.
func (j *judge) routineBody(definition string, s lint.Statement) []lint.Finding {
	c := newCursor(definition)
	outer := j.locals
	defer func() { j.locals = outer }()
	if c.at("(") {
		j.locals = parameterNames(Syntax.Tokens(c.parens()), outer)
	}
	for c.take("COMMENT") || c.take("LANGUAGE") || c.any("NOT", "DETERMINISTIC", "CONTAINS", "NO", "READS", "MODIFIES", "SQL", "DATA", "SECURITY", "DEFINER", "INVOKER") != "" {
		if c.peek(0).Kind == lint.String {
			c.skip()
		}
	}
	if c.err != nil || c.done() {
		return j.block(definition, s)
	}
	body, _ := c.rest()
	return j.block(body, s)
}

// parameterNames adds the names of a routine's parameters to those that are known.
func parameterNames(list []lint.Token, known map[string]bool) map[string]bool {
	out := map[string]bool{}
	maps.Copy(out, known)
	for _, p := range cutBy(list, ",") {
		for len(p) > 0 && (p[0].Is("IN") || p[0].Is("OUT") || p[0].Is("INOUT")) {
			p = p[1:]
		}
		if len(p) > 1 && ident(p[0]) {
			out[lower(p[0].Value())] = true
		}
	}
	return out
}

// localNames adds the variables that a body declares.
func localNames(body string, known map[string]bool) map[string]bool {
	out := map[string]bool{}
	maps.Copy(out, known)
	t := tokens(body)
	for i := range t {
		switch {
		case t[i].Is("DECLARE") || i+2 < len(t) && t[i].Is("FOR") && t[i+2].Is("IN"):
			for k := i + 1; k < len(t) && ident(t[k]); k += 2 {
				out[lower(t[k].Value())] = true
				if k+1 >= len(t) || !t[k+1].Is(",") {
					break
				}
			}
		}
	}
	return out
}

// markLocals makes the body's own names in a condition as plain as user variables: they are values, and come before columns of the same name.
func (j *judge) markLocals(where []lint.Token) {
	for i := range where {
		beside := i+1 < len(where) && (where[i+1].Is(".") || where[i+1].Is("(")) || i > 0 && where[i-1].Is(".")
		if ident(where[i]) && !beside && j.locals[lower(where[i].Value())] {
			where[i].Kind, where[i].Text = lint.Word, "@"+strings.Trim(where[i].Text, "`")
		}
	}
}
