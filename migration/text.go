package migration

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// Text is a statement in tokens. Its pieces are cut out as they were written.
type Text struct {
	SQL    string
	Tokens []lint.Token // without comments
}

// NewText cuts a statement into tokens.
func NewText(sql string, x lint.Syntax) Text { return Text{sql, x.Tokens(sql)} }

// At reports whether these words stand at token i and behind it.
func (t Text) At(i int, words ...string) bool {
	for n, w := range words {
		if i < 0 || i+n >= len(t.Tokens) || !t.Tokens[i+n].Is(w) {
			return false
		}
	}
	return true
}

// Skip is the token behind the words if they stand at i, else i.
func (t Text) Skip(i int, words ...string) int {
	if t.At(i, words...) {
		return i + len(words)
	}
	return i
}

// Name reads an identifier at token i, exact and without quotes, and the token behind it. Folding the case of a bare one is the
// caller's affair.
func (t Text) Name(i int) (name string, quoted bool, next int) {
	if i < 0 || i >= len(t.Tokens) {
		return "", false, i
	}
	k := t.Tokens[i]
	if k.Kind == lint.Quoted || k.Kind == lint.String && strings.HasPrefix(k.Text, `"`) {
		return k.Value(), true, i + 1
	}
	return k.Text, false, i + 1
}

// Slice is the text of the tokens from one up to another, as it was written.
func (t Text) Slice(from, to int) string {
	if from >= to || from < 0 || to > len(t.Tokens) {
		return ""
	}
	return t.SQL[t.Tokens[from].Start:t.Tokens[to-1].End]
}

// Close is the token that closes the parenthesis or bracket at token i; the end if none does.
func (t Text) Close(i int) int {
	depth := 0
	for ; i < len(t.Tokens); i++ {
		switch {
		case t.Tokens[i].Is("(") || t.Tokens[i].Is("["):
			depth++
		case t.Tokens[i].Is(")") || t.Tokens[i].Is("]"):
			if depth--; depth <= 0 {
				return i
			}
		}
	}
	return len(t.Tokens)
}

// Inside is the text inside of the parentheses that begin at token i.
func (t Text) Inside(i int) string { return t.Slice(i+1, min(t.Close(i), len(t.Tokens))) }

// Split cuts the tokens from one up to another at the commas that stand in no parentheses.
func (t Text) Split(from, to int) [][2]int {
	var out [][2]int
	start := from
	for i := from; i < to; i++ {
		switch {
		case t.Tokens[i].Is("(") || t.Tokens[i].Is("["):
			i = t.Close(i)
		case t.Tokens[i].Is(","):
			out, start = append(out, [2]int{start, i}), i+1
		}
	}
	return append(out, [2]int{start, to})
}

// Find is the first token from one up to another that is a word and stands in no parentheses; -1 if there is none.
func (t Text) Find(from, to int, words ...string) int {
	for i := from; i < to; i++ {
		if t.At(i, words...) {
			return i
		}
		if t.Tokens[i].Is("(") || t.Tokens[i].Is("[") {
			i = t.Close(i)
		}
	}
	return -1
}
