package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// program is the body of a routine, a trigger or an event, read for what makes its creation fail. It knows blocks and names, and no queries.
type program struct {
	j      *judge
	word   string
	t      []lint.Token
	i      int
	blocks []block // from the outermost on
	alone  int     // where a body begins that is one statement
	unsure bool    // it begins in a way that isn't followed
	faults []string
}

// block is what is between BEGIN and END, or the inside of IF, CASE and loops.
type block struct {
	word    string          // BEGIN, IF, CASE, LOOP, WHILE, REPEAT, FOR
	names   map[string]bool // of variables, by name in lower case
	cursors map[string]bool
	stage   int // of its DECLAREs: 0 variables, 1 cursors, 2 handlers, 3 behind them
	label   string
}

// programFaults says what the server refuses in the body of a routine. MariaDB's packages and its ORACLE mode have another language.
func (c *call) programFaults() []string {
	if c.oracle || c.word == "PACKAGE" || c.word == "AGGREGATE" || after(tokens(c.body), "SONAME", "LANGUAGE") {
		return nil
	}
	p := &program{j: c.judge, word: c.word, t: tokens(c.body)}
	outer := block{names: map[string]bool{}, cursors: map[string]bool{}, stage: 3}
	if len(p.t) > 0 && p.t[0].Is("(") {
		if end := matching(p.t); end > 0 {
			p.parameters(outer.names, p.t[1:end])
			p.i = end + 1
			if c.word == "PROCEDURE" {
				p.alone = p.behindTraits()
			}
			if c.word == "FUNCTION" && !p.at(0).Is("RETURNS") {
				p.fault("a function says what it RETURNS behind its parameters")
			}
		}
	}
	p.blocks = []block{outer}
	p.run()
	if len(p.blocks) > 1 {
		p.fault("its " + p.top().word + " has no END behind a semicolon")
	}
	if p.unsure {
		return nil
	}
	return p.faults
}

// behindTraits is where the body of a procedure begins, behind COMMENT, SQL SECURITY and the like.
func (p *program) behindTraits() int {
	for n := p.i; n < len(p.t); n++ {
		t := p.t[n]
		switch {
		case t.Is("COMMENT"), t.Is("LANGUAGE"), t.Is("SECURITY"):
			n++
		case t.Is("NOT"), t.Is("DETERMINISTIC"), t.Is("CONTAINS"), t.Is("SQL"), t.Is("NO"), t.Is("READS"), t.Is("MODIFIES"), t.Is("DATA"):
		default:
			return n
		}
	}
	return 0
}

func (p *program) fault(s string) {
	if len(p.faults) == 0 { // what follows may come from it
		p.faults = append(p.faults, s)
	}
}

func (p *program) parameters(into map[string]bool, list []lint.Token) {
	for _, one := range cutBy(list, ",") {
		for len(one) > 0 && (one[0].Is("IN") || one[0].Is("OUT") || one[0].Is("INOUT")) {
			one = one[1:]
		}
		if len(one) == 0 || !ident(one[0]) {
			continue
		}
		if n := lower(one[0].Value()); into[n] {
			p.fault("it has two parameters " + quote(n))
		} else {
			into[n] = true
		}
		p.sized(one[1:])
	}
}

// sized: VARCHAR has a length.
func (p *program) sized(t []lint.Token) {
	if len(t) > 0 && (t[0].Is("VARCHAR") || t[0].Is("VARBINARY")) && (len(t) == 1 || !t[1].Is("(")) {
		p.fault(strings.ToUpper(t[0].Text) + " has no length")
	}
}

func (p *program) top() *block { return &p.blocks[len(p.blocks)-1] }

func (p *program) at(n int) lint.Token {
	if p.i+n < 0 || p.i+n >= len(p.t) {
		return lint.Token{Kind: lint.Comment}
	}
	return p.t[p.i+n]
}

// run walks over the tokens. Only the first word of a statement is looked at, and END, which is a name elsewhere.
func (p *program) run() {
	for ; p.i < len(p.t); p.i++ {
		t := p.at(0)
		if t.Kind != lint.Word {
			continue
		}
		starts := opens(p.t, p.i) || p.labelled() || p.i == p.alone
		w := strings.ToUpper(t.Text)
		switch {
		case w == "CASE" && !starts:
			p.expressionCase()
		case w == "END" && p.closes():
			p.end()
		case !starts && !(w == "BEGIN" && len(p.blocks) == 1):
			p.unsure = p.unsure || len(p.blocks) == 1 && compound(w)
		case w == "BEGIN", compound(w) && !(w == "REPEAT" && p.at(1).Is("(")):
			p.open(w)
		case w == "DECLARE":
			p.declare()
		default:
			p.top().stage = 3
			p.statement(w)
		}
	}
}

// compound statements end with END and their own word.
func compound(w string) bool {
	switch w {
	case "IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR":
		return true
	}
	return false
}

// closes: an END that isn't a name stands behind a statement, or behind the condition of UNTIL.
func (p *program) closes() bool {
	before := p.at(-1)
	return before.Is(";") || before.Is("BEGIN") || before.Is("DO") || before.Is("THEN") || before.Is("ELSE") || before.Is("LOOP") || p.top().word == "REPEAT" && p.at(1).Is("REPEAT")
}

func (p *program) labelled() bool {
	return p.at(-1).Is(":") && p.i >= 2 && (opens(p.t, p.i-2) || len(p.blocks) == 1)
}

// expressionCase passes over CASE … END inside of an expression.
func (p *program) expressionCase() {
	depth := 0
	for ; p.i < len(p.t); p.i++ {
		switch {
		case p.at(0).Is("CASE"):
			depth++
		case p.at(0).Is("END"):
			if depth--; depth == 0 {
				return
			}
		case p.at(0).Is(";"):
			p.i--
			return
		}
	}
}

func (p *program) open(word string) {
	b := block{word: word, names: map[string]bool{}, cursors: map[string]bool{}, stage: 3}
	if word == "BEGIN" {
		b.stage = 0
	}
	if p.labelled() {
		b.label = lower(p.at(-2).Value())
	}
	if word == "FOR" { // MariaDB: FOR i IN …
		b.names[lower(p.at(1).Value())] = true
	}
	p.top().stage = 3
	p.blocks = append(p.blocks, b)
}

func (p *program) end() {
	if len(p.blocks) == 1 {
		p.fault("there is an END too many")
		return
	}
	word := p.top().word
	p.blocks = p.blocks[:len(p.blocks)-1]
	if word == "BEGIN" {
		return
	}
	if !p.at(1).Is(word) {
		p.fault("END " + word + " is missing")
		return
	}
	p.i++
}

// declare reads DECLARE a, b INT …; DECLARE c CURSOR FOR …; DECLARE x CONDITION FOR …; DECLARE CONTINUE HANDLER FOR … STATEMENT.
func (p *program) declare() {
	b := p.top()
	if b.stage == 3 {
		p.fault("DECLARE stands behind another statement, or outside of BEGIN … END")
		return
	}
	handler := p.at(2).Is("HANDLER")
	stage := 0
	switch {
	case handler:
		stage = 2
	case p.at(2).Is("CURSOR"):
		stage = 1
		p.name(b.cursors, "cursor", p.at(1))
	case p.at(2).Is("CONDITION"):
	default:
		for k := 1; ident(p.at(k)); k += 2 {
			p.name(b.names, "variable", p.at(k))
			if !p.at(k + 1).Is(",") {
				p.sized(p.t[min(p.i+k+1, len(p.t)):])
				break
			}
		}
	}
	if stage < b.stage {
		p.fault("a variable or a cursor is declared behind a handler or a cursor")
	}
	b.stage = max(b.stage, stage)
	for ; handler && p.i < len(p.t) && !p.at(0).Is(";"); p.i++ {
		if p.at(0).Is("BEGIN") { // the handler's own block
			p.blocks = append(p.blocks, block{word: "BEGIN", names: map[string]bool{}, cursors: map[string]bool{}})
			return
		}
	}
}

func (p *program) name(into map[string]bool, kind string, t lint.Token) {
	n := lower(t.Value())
	if into[n] {
		p.fault("the " + kind + " " + quote(n) + " is declared twice")
	}
	into[n] = true
}

func (p *program) statement(word string) {
	switch word {
	case "RETURN":
		if p.word != "FUNCTION" {
			p.fault("RETURN is for functions")
		}
	case "LEAVE", "ITERATE":
		if n := lower(p.at(1).Value()); !p.known(func(b block) bool { return b.label == n }) {
			p.fault("there is no label " + quote(n) + " around it")
		}
	case "OPEN", "FETCH", "CLOSE":
		p.cursor()
	case "SET":
		p.set()
	case "USE":
		p.fault("USE is for no routine")
	case "ALTER", "DROP":
		if (p.at(1).Is("PROCEDURE") || p.at(1).Is("FUNCTION")) && (p.word == "PROCEDURE" || p.word == "FUNCTION") {
			p.fault("a routine drops and alters no other one")
		}
	case "SELECT":
		p.into()
	case "LOCK", "UNLOCK":
		if p.at(1).Is("TABLES") || p.at(1).Is("TABLE") {
			p.fault("LOCK and UNLOCK TABLES are for no routine")
		}
	}
}

func (p *program) cursor() {
	k := 1
	for p.at(k).Is("NEXT") || p.at(k).Is("FROM") {
		k++
	}
	if n := lower(p.at(k).Value()); !p.known(func(b block) bool { return b.cursors[n] }) {
		p.fault("there is no cursor " + quote(n))
	}
}

// into looks at the variables behind SELECT … INTO.
func (p *program) into() {
	for n := 1; p.i+n < len(p.t) && !p.at(n).Is(";"); n++ {
		if !p.at(n).Is("INTO") || p.at(n+1).Is("OUTFILE") || p.at(n+1).Is("DUMPFILE") {
			continue
		}
		for n++; ident(p.at(n)) && !p.at(n+1).Is("."); n += 2 {
			if v := lower(p.at(n).Value()); !p.known(func(b block) bool { return b.names[v] }) {
				p.fault("there is no variable " + quote(v))
			}
			if !p.at(n + 1).Is(",") {
				return
			}
		}
		return
	}
}

// set looks at what is assigned to: a variable of the body, one of the session or the server, or a column of the trigger's row.
func (p *program) set() {
	end := p.i + 1
	for end < len(p.t) && !p.t[end].Is(";") {
		end++
	}
	if p.at(1).Is("STATEMENT") {
		return
	}
	for _, part := range cutBy(p.t[p.i+1:end], ",") {
		if len(part) < 2 || !part[1].Is("=") && !part[1].Is(":") || !ident(part[0]) {
			return
		}
		n := lower(part[0].Value())
		server := n == "password" || !p.j.exactVariables() || variables()[p.j.maria][n]
		if !server && !p.known(func(b block) bool { return b.names[n] }) {
			p.fault("there is no variable " + quote(n))
		}
	}
}

// known reports whether a block around this place is as asked.
func (p *program) known(is func(block) bool) bool {
	for _, b := range p.blocks {
		if is(b) {
			return true
		}
	}
	return false
}
