package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// inside judges the statements that a call of the file's own procedure, a block or a prepared text runs.
func (j *judge) inside(p *statement, s lint.Statement) []lint.Finding {
	if j.depth > 3 {
		return nil
	}
	switch p.verb {
	case "CALL":
		if r := j.routine(p.name); r != nil {
			return j.routineBody(r.Options["definition"], s)
		}
	case "CREATE ROUTINE":
		if p.word == "EVENT" {
			return j.event(p.body, s)
		}
	case "ALTER EVENT":
		return j.alteredEvent(p, s)
	case "BLOCK":
		return j.block(p.body, s)
	case "EXECUTE":
		text := p.body
		if p.name != "" {
			text = j.prepared[lower(p.name)]
		}
		if v := strings.TrimSpace(text); strings.HasPrefix(v, "@") {
			text = j.texts[lower(v)]
		}
		return j.literals(text, s)
	}
	return nil
}

// literals judges each text of an expression that is a statement: IF(…, 'ALTER …', 'SELECT 1').
func (j *judge) literals(expr string, s lint.Statement) []lint.Finding {
	j.depth++
	defer func() { j.depth-- }()
	var out []lint.Finding
	t := Syntax.Tokens(expr)
	joined := strings.Builder{}
	flush := func() {
		if sql := strings.TrimSpace(joined.String()); verb(sql) {
			inner := s
			inner.Text = sql
			out = append(out, j.Statement(inner)...)
		}
		joined.Reset()
	}
	concat := 0
	for i, x := range t {
		switch {
		case x.Is("CONCAT"):
			flush()
			concat++
		case x.Kind == lint.String:
			if concat == 0 {
				flush()
			}
			joined.WriteString(x.Value())
		case x.Is(")"):
			flush()
			concat = 0
		case concat > 0 && x.Kind == lint.Word && i > 0:
			joined.WriteString("placeholder")
		}
	}
	flush()
	return out
}

func verb(sql string) bool {
	f := strings.Fields(sql)
	return len(f) > 1 && verbs[strings.ToUpper(f[0])]
}

// verbs begin statements that change something.
var verbs = map[string]bool{"ALTER": true, "CREATE": true, "DROP": true, "TRUNCATE": true, "UPDATE": true, "DELETE": true, "LOCK": true, "RENAME": true, "OPTIMIZE": true, "REVOKE": true, "FLUSH": true, "INSERT": true}

// block judges the statements of a body, behind BEGIN, IF … THEN, ELSE, DO and the like.
func (j *judge) block(body string, s lint.Statement) []lint.Finding {
	j.depth++
	defer func() { j.depth-- }()
	outer := j.locals
	defer func() { j.locals = outer }()
	j.locals = localNames(body, outer)
	var out []lint.Finding
	t := tokens(body)
	for i := 0; i < len(t); i++ {
		if t[i].Kind != lint.Word || !opens(t, i) || !inBodies(strings.ToUpper(t[i].Text)) {
			continue
		}
		end := i
		for end < len(t) && !t[end].Is(";") {
			end++
		}
		last := len(body)
		if end < len(t) {
			last = t[end].Start
		}
		inner := s
		inner.Text = strings.TrimSpace(body[t[i].Start:last])
		if at := strings.Index(s.Text, inner.Text); at >= 0 {
			inner.Start = s.Start + at
		}
		outside := j.piled
		if l := loop(t, i); len(l) > 0 {
			j.piled = (outside || j.tx.open || j.tx.manual) && !after(l, "COMMIT", "ROLLBACK")
		}
		out = append(out, j.Statement(inner)...)
		j.piled = outside
		i = end
	}
	return out
}

// inBodies are the words that begin statements of a body that are judged.
func inBodies(word string) bool {
	switch word {
	case "SET", "PREPARE", "EXECUTE", "START", "COMMIT", "ROLLBACK", "SAVEPOINT":
		return true
	}
	return verbs[word]
}

// opens reports whether a token may begin a statement.
func opens(t []lint.Token, i int) bool {
	if i == 0 {
		return true
	}
	for _, w := range []string{"BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "ATOMIC", ";"} {
		if t[i-1].Is(w) {
			return true
		}
	}
	return false
}
