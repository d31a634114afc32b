package mysql

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

// preparedFaults says why PREPARE, EXECUTE or DEALLOCATE fails. In a body nobody knows what ran before.
func (c *call) preparedFaults() []string {
	if c.depth > 0 || c.name == "" {
		return nil
	}
	text, there := c.prepared[lower(lastName(c.name))]
	switch {
	case c.verb == "PREPARE":
		if sql, ok := literal(c.body); ok && len(Syntax.Split(sql)) > 1 {
			return []string{"a prepared text is one statement"}
		}
		return nil
	case !there:
		return []string{"there is no prepared statement " + quote(lastName(c.name))}
	case c.verb != "EXECUTE":
		return nil
	}
	sql, ok := literal(text)
	if !ok {
		return nil
	}
	wanted, given := 0, 0
	for _, t := range Syntax.Tokens(sql) {
		if t.Is("?") {
			wanted++
		}
	}
	cur := newCursor(c.s.Text)
	for !cur.done() && !cur.take("USING") {
		cur.skip()
	}
	if !cur.done() {
		given = len(cutBy(cur.t[cur.i:], ","))
	}
	if wanted != given {
		return []string{fmt.Sprintf("the prepared statement has %d parameters, and gets %d", wanted, given)}
	}
	return nil
}

// literal is the text that an expression of one literal stands for.
func literal(expr string) (string, bool) {
	t := Syntax.Tokens(expr)
	if len(t) != 1 || t[0].Kind != lint.String {
		return "", false
	}
	return t[0].Value(), true
}
