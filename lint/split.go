package lint

import "strings"

// Split cuts a text into statements at its delimiters. Bodies of routines (BEGIN … END), dollar quotes, data
// behind COPY … FROM STDIN and the client's own commands are respected.
func (x Syntax) Split(src string) []Statement {
	p := splitter{Syntax: x, src: src, delimiter: ";"}
	for p.next() {
	}
	p.flush(len(src), len(src))
	return p.out
}

type splitter struct {
	Syntax
	src       string
	at        int
	delimiter string
	first     int // first token's start, -1: none yet
	last      int // last token's end
	words     []string
	copying   bool // COPY … FROM STDIN
	depth     int  // of BEGIN … END
	begins    bool // the next word begins a statement inside a body
	open      bool
	started   bool
	out       []Statement
}

func (p *splitter) next() bool {
	t, ok := p.Next(p.src, p.at)
	if !ok {
		return false
	}
	if !p.started && p.client(t) {
		return true
	}
	if strings.HasPrefix(p.src[t.Start:], p.delimiter) && t.Kind != Comment && t.Kind != String && (p.delimiter != ";" || p.depth == 0) {
		p.flush(t.Start, t.Start+len(p.delimiter))
		p.at = max(p.at, t.Start+len(p.delimiter))
		return true
	}
	p.at = t.End
	if t.Kind == Comment && !(p.Executable && Executable(t.Text)) {
		p.open = p.open || t.Open
		return true
	}
	p.take(t)
	return true
}

// client skips a line that the client and not the server reads.
func (p *splitter) client(t Token) bool {
	switch {
	case p.Meta && t.Text == `\` || p.Delimiter && t.Is("DELIMITER"):
		end := line(p.src, t.Start)
		if p.Delimiter {
			if f := strings.Fields(p.src[t.End:end]); len(f) > 0 {
				p.delimiter = f[0]
			}
		}
		p.at = end
		return true
	}
	return false
}

func (p *splitter) take(t Token) {
	if !p.started {
		p.started, p.first, p.words = true, t.Start, p.words[:0]
	}
	p.last, p.open = t.End, t.Open
	if t.Kind != Word {
		p.begins = t.Text == ";" || t.Text == ":" && p.depth > 0 // behind a label
		return
	}
	w := strings.ToUpper(t.Text)
	if len(p.words) < 12 {
		p.words = append(p.words, w)
	}
	p.copying = p.copying && w != "WITH" || w == "STDIN" && p.words[0] == "COPY"
	p.nest(w)
	p.begins = p.depth > 0 && (w == "BEGIN" || w == "THEN" || w == "ELSE" || w == "DO" || w == "LOOP" || w == "REPEAT" || w == "ATOMIC")
}

// nest follows BEGIN … END inside of routines.
func (p *splitter) nest(w string) {
	if !p.routine() {
		return
	}
	switch w {
	case "BEGIN":
		if p.depth > 0 || p.Delimiter {
			p.depth++
		}
	case "ATOMIC":
		if p.depth == 0 { // CREATE … BEGIN ATOMIC, and MariaDB's BEGIN NOT ATOMIC
			p.depth = 1
		}
	case "CASE":
		if p.depth > 0 && !p.ending() {
			p.depth++
		}
	case "IF", "LOOP", "WHILE", "REPEAT", "FOR":
		if p.depth > 0 && p.begins && !p.ending() {
			p.depth++
		}
	case "END":
		p.depth = max(p.depth-1, 0)
	}
}

// ending: the word before was END, which this one belongs to.
func (p *splitter) ending() bool {
	head := strings.TrimRight(p.src[:p.last], " \t\r\n")
	i := strings.LastIndexAny(head, " \t\r\n;")
	head = strings.TrimRight(head[:max(i, 0)], " \t\r\n")
	return len(head) >= 3 && strings.EqualFold(head[len(head)-3:], "END")
}

func (p *splitter) routine() bool {
	if len(p.words) == 0 || p.words[0] != "CREATE" {
		return p.Delimiter && len(p.words) > 1 && p.words[0] == "BEGIN" && p.words[1] == "NOT"
	}
	for _, w := range p.words {
		switch w {
		case "PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE":
			return true
		case "TABLE", "INDEX", "VIEW":
			return false
		}
	}
	return false
}

func (p *splitter) flush(end, behind int) {
	if p.started {
		p.out = append(p.out, Statement{Text: p.src[p.first:min(p.last, end)], Start: p.first, End: behind, Open: p.open})
	} else if p.open {
		p.out = append(p.out, Statement{Text: strings.TrimSpace(p.src[min(p.at, len(p.src)):end]), Start: end, End: behind, Open: true})
	}
	if p.copying && p.started {
		p.skipData(behind)
	}
	p.started, p.copying, p.depth, p.begins, p.open = false, false, 0, false, false
}

// skipData passes over the rows behind COPY … FROM STDIN.
func (p *splitter) skipData(from int) {
	if n := strings.Index(p.src[from:], "\n\\."); n >= 0 {
		p.at = line(p.src, from+n+1)
	}
}
