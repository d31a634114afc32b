package postgres

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// body judges the statements of a PL/pgSQL or SQL body. Findings stand where the body stands, as far as its text is
// found in the statement.
func (j *judge) body(body string, s lint.Statement, parameters ...string) []lint.Finding {
	j.depth++
	defer func() { j.depth-- }()
	base := s.Start
	at := strings.Index(s.Text, body)
	if at >= 0 {
		base += at
	}
	was, variables, committed := j.tx, j.variables, j.committed
	defer func() { j.variables, j.committed = variables, committed }()
	j.variables = declared(body)
	for _, p := range parameters {
		j.variables[p] = true
	}
	j.committed = slices.ContainsFunc(Syntax.Tokens(body), func(t lint.Token) bool { return t.Is("COMMIT") })
	if !j.tx.open {
		j.tx.begin(false)
	}
	b := routine{judge: j, asks: asksCatalog(body), catches: caught(body), plpgsql: isBlock(body), s: s, base: -1}
	if at >= 0 {
		b.base = base
	}
	for _, part := range Syntax.Split(body) {
		for _, x := range b.commands(part) {
			inner := s
			inner.Text = x.Text
			if at >= 0 {
				inner.Start = base + x.Start
			}
			b.out = append(b.out, b.run(inner)...)
		}
	}
	if !was.open {
		j.tx = was
	}
	return b.out
}

// isBlock tells a body in PL/pgSQL from one in SQL.
func isBlock(body string) bool {
	t := Syntax.Tokens(body)
	return len(t) > 0 && (t[0].Is("BEGIN") || t[0].Is("DECLARE") || t[0].Is("<"))
}

// asksCatalog: a body looks what is there.
func asksCatalog(body string) bool {
	return slices.ContainsFunc(Syntax.Tokens(body), func(t lint.Token) bool {
		return t.Is("to_regclass") || t.Is("information_schema") || t.Kind == lint.Word && strings.HasPrefix(strings.ToLower(t.Text), "pg_") && !strings.Contains(t.Text, "advisory")
	})
}

// routine is a body while it is read: how deep in IF and LOOP it is, which errors it catches, and whether it asks what is there.
type routine struct {
	*judge
	asks        bool
	conditional int
	loops       []bool // those at hand: whether their turns grow with a table
	catches     []string
	plpgsql     bool
	s           lint.Statement
	base        int // where the body begins, -1 where that isn't known
	out         []lint.Finding
}

// fails says that a part of the body fails whenever it is reached.
func (b *routine) fails(part lint.Statement, at lint.Token, why string) {
	s := b.s
	s.Text = strings.TrimSpace(part.Text[at.Start:])
	if b.base >= 0 {
		s.Start = b.base + part.Start + at.Start
	}
	if len(b.catches) == 0 && b.conditional == 0 {
		b.out = append(b.out, lint.At(s, notPossible.ID, lint.Error, "this fails: "+why))
	}
}

// run judges one statement of the body. What is only run if a condition holds, or whose error is caught, doesn't fail by what is there
// already or isn't there: that is what the condition is about.
func (b *routine) run(s lint.Statement) []lint.Finding {
	b.looped = slices.Contains(b.loops, true)
	defer func() { b.looped = false }()
	found := b.Statement(s)
	for _, f := range found {
		missing := strings.Contains(f.Message, "there is no") || strings.Contains(f.Message, "has no column")
		if missing && (b.conditional > 0 && b.asks || b.catch(f.Message)) {
			return nil
		}
		exists := f.Rule == objectState.ID || f.Rule == replaceView.ID || f.Rule == partitionBound.ID && strings.Contains(f.Message, "already")
		if exists && (b.conditional > 0 || b.catch(f.Message)) {
			return nil // the statement isn't run, or nothing is left of it
		}
	}
	if len(b.catches) == 0 {
		return found
	}
	return slices.DeleteFunc(found, func(f lint.Finding) bool {
		return (b.kind(f.Rule) == lint.Fails || strings.Contains(f.Message, "this fails")) && f.Rule != lint.NotJudged && slices.Contains(b.catches, "others")
	})
}

// catch reports whether an error about what is there, or isn't, is caught.
func (b *routine) catch(message string) bool {
	kind := "undefined"
	if strings.Contains(message, "already") {
		kind = "duplicate"
	}
	return slices.ContainsFunc(b.catches, func(c string) bool {
		return c == "others" || strings.HasPrefix(c, kind) || kind == "undefined" && strings.HasPrefix(c, "invalid")
	})
}

// caught lists the conditions of a body's EXCEPTION clauses, lower case.
func caught(body string) []string {
	var out []string
	t := Syntax.Tokens(body)
	for i := range t {
		if !t[i].Is("EXCEPTION") || i+2 >= len(t) || !t[i+1].Is("WHEN") {
			continue
		}
		for _, x := range t[i+1:] {
			if x.Kind == lint.Word && !x.Is("THEN") {
				out = append(out, strings.ToLower(x.Text))
			}
		}
	}
	return out
}

// declared lists the names that a PL/pgSQL body declares or loops over, and those that every trigger function has.
func declared(body string) map[string]bool {
	out := map[string]bool{"new": true, "old": true, "found": true, "sqlerrm": true, "sqlstate": true, "tg_op": true, "tg_name": true, "tg_when": true, "tg_level": true, "tg_relid": true,
		"tg_relname": true, "tg_table_name": true, "tg_table_schema": true, "tg_nargs": true, "tg_argv": true}
	t := Syntax.Tokens(body)
	declaring, first := false, false
	for i := range t {
		switch {
		case t[i].Is("DECLARE"):
			declaring, first = true, true
			continue
		case t[i].Is("BEGIN"):
			declaring = false
		case t[i].Is("FOR") || t[i].Is("FOREACH"):
			for _, x := range t[i+1 : min(i+8, len(t))] {
				if x.Is("IN") {
					break
				}
				out[x.Value()] = true
			}
		case declaring && first:
			out[t[i].Value()] = true
		}
		first = declaring && t[i].Is(";")
	}
	return out
}

// verbs begin statements that change something.
var verbs = map[string]bool{"ALTER": true, "CREATE": true, "DROP": true, "TRUNCATE": true, "UPDATE": true, "DELETE": true, "LOCK": true, "REINDEX": true,
	"CLUSTER": true, "VACUUM": true, "REFRESH": true, "REVOKE": true, "GRANT": true, "INSERT": true, "MERGE": true, "COMMENT": true}

// commands finds the SQL in a part of a PL/pgSQL body: behind IF … THEN, BEGIN, ELSE, LOOP and the like, and in the
// text of EXECUTE.
func (b *routine) commands(part lint.Statement) []lint.Statement {
	t := Syntax.Tokens(part.Text)
	for i := range t {
		if !opens(t, i) {
			continue
		}
		switch {
		case t[i].Is("END") && i+1 < len(t) && (t[i+1].Is("IF") || t[i+1].Is("CASE")):
			b.conditional = max(b.conditional-1, 0)
			return nil
		case t[i].Is("END") && i+1 < len(t) && t[i+1].Is("LOOP"):
			b.loops = b.loops[:max(len(b.loops)-1, 0)]
			return nil
		case t[i].Is("IF") || t[i].Is("CASE"):
			b.conditional++
		case t[i].Is("FOR"), t[i].Is("WHILE"), t[i].Is("LOOP"), t[i].Is("FOREACH"):
			b.loops = append(b.loops, !fewTurns(part.Text[t[i].Start:]))
		case t[i].Is("COMMIT") || t[i].Is("ROLLBACK"):
			b.tx.held = nil
		case t[i].Is("SELECT") && b.plpgsql && !slices.ContainsFunc(t[i:], func(x lint.Token) bool { return x.Is("INTO") }):
			b.fails(part, t[i], "a SELECT in PL/pgSQL needs INTO, and PERFORM gives its result away")
			return nil
		case t[i].Is("RAISE") && i+1 < len(t) && b.conditional+len(b.loops) == 0 && len(b.catches) == 0 && (t[i+1].Is("EXCEPTION") || t[i+1].Kind == lint.String):
			b.fails(part, t[i], "it raises an exception whatever is there")
			return nil
		case t[i].Is("EXECUTE"):
			return executed(part, t[i+1:])
		case t[i].Is("PERFORM"):
			return []lint.Statement{{Text: "SELECT" + part.Text[t[i].End:], Start: part.Start + t[i].Start, End: part.End}}
		case t[i].Kind == lint.Word && verbs[strings.ToUpper(t[i].Text)]:
			return []lint.Statement{{Text: withoutInto(part.Text[t[i].Start:]), Start: part.Start + t[i].Start, End: part.End}}
		}
	}
	return nil
}

// counting is a FOR over numbers.
var counting = regexp.MustCompile(`(?is)^FOR\s+\w+\s+IN\s+(?:REVERSE\s+)?(\d{1,6})\s*\.\.\s*(\d{1,6})\s`)

// fewTurns: a loop counts between two numbers that aren't far from each other.
func fewTurns(text string) bool {
	m := counting.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	a, _ := strconv.Atoi(m[1]) // digits, by the expression
	z, _ := strconv.Atoi(m[2])
	return max(a, z)-min(a, z) < 1000
}

// withoutInto leaves out where PL/pgSQL puts what RETURNING gives.
func withoutInto(text string) string {
	t := Syntax.Tokens(text)
	for i := range t {
		if t[i].Is("RETURNING") {
			for k := i + 1; k < len(t); k++ {
				if t[k].Is("INTO") {
					return text[:t[k].Start]
				}
			}
		}
	}
	return text
}

// opens reports whether a token may begin a statement.
func opens(t []lint.Token, i int) bool {
	if i == 0 {
		return true
	}
	for _, w := range []string{"THEN", "ELSE", "BEGIN", "LOOP", ">"} {
		if t[i-1].Is(w) {
			return true
		}
	}
	return false
}

// executed finds the statements in the texts behind EXECUTE: a literal, parts put together, or format().
func executed(part lint.Statement, t []lint.Token) []lint.Statement {
	start := slices.IndexFunc(t, func(x lint.Token) bool { return x.Kind == lint.String })
	if start < 0 {
		return nil
	}
	sql := ""
	if len(t) > 2 && t[0].Is("format") && t[1].Is("(") && t[2].Kind == lint.String {
		sql = formatted(t[2].Value(), arguments(t[3:]))
	} else {
		sql = joinedText(t)
	}
	if f := strings.Fields(sql); len(f) == 0 || !verbs[strings.ToUpper(f[0])] {
		return nil
	}
	return []lint.Statement{{Text: sql, Start: part.Start + t[start].Start, End: part.End}}
}

// joinedText puts together what stands between || of a text; what isn't a text is a placeholder.
func joinedText(t []lint.Token) string {
	var text strings.Builder
	for i := 0; i < len(t); i++ {
		switch {
		case t[i].Is("USING"):
			return text.String()
		case t[i].Is("format") && i+2 < len(t) && t[i+2].Kind == lint.String:
			text.WriteString(formatted(t[i+2].Value(), arguments(t[i+3:])))
			return text.String()
		case t[i].Kind == lint.String:
			text.WriteString(t[i].Value())
		case t[i].Kind == lint.Word && !t[i].Is("quote_ident") && !t[i].Is("quote_literal") && !t[i].Is("quote_nullable") && !t[i].Is("concat"):
			if !strings.HasSuffix(text.String(), placeholder) { // r.name is one name
				text.WriteString(placeholder)
			}
		}
	}
	return text.String()
}

// arguments lists those of format(): the value of a text, "" for anything else.
func arguments(t []lint.Token) []string {
	var out []string
	depth, begin := 0, 1
	for i := range t {
		switch {
		case t[i].Is("("):
			depth++
		case t[i].Is(")") && depth > 0:
			depth--
		case depth == 0 && (t[i].Is(",") || t[i].Is(")")):
			if i > 0 {
				out = append(out, argument(t[begin:i]))
			}
			begin = i + 1
			if t[i].Is(")") {
				return out
			}
		}
	}
	return out
}

func argument(t []lint.Token) string {
	if len(t) == 1 && t[0].Kind == lint.String {
		return t[0].Value()
	}
	return ""
}

// formatted is what format() gives, with a placeholder for what isn't known.
func formatted(text string, args []string) string {
	var out strings.Builder
	next := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '%' || i+1 >= len(text) {
			out.WriteByte(text[i])
			continue
		}
		k, n := i+1, 0
		for k < len(text) && text[k] >= '0' && text[k] <= '9' {
			n = n*10 + int(text[k]-'0')
			k++
		}
		if k < len(text) && text[k] == '$' && n > 0 && n < 1000 {
			next, k = n-1, k+1
		} else {
			k = i + 1
		}
		i = k
		if k >= len(text) {
			break
		}
		if text[k] == '%' {
			out.WriteByte('%')
			continue
		}
		value := ""
		if next < len(args) {
			value = args[next]
		}
		next++
		out.WriteString(inserted(text[k], value))
	}
	return out.String()
}

func inserted(kind byte, value string) string {
	switch {
	case kind == 'L' && value == "":
		return "'" + placeholder + "'"
	case value == "":
		return placeholder
	case kind == 'I':
		return quote(value)
	case kind == 'L':
		return "'" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	return value
}
