package mysql

import "github.com/phasemig/phasemig/lint"

// loop is the outermost loop around a token of a body: from its first word to the END that closes it. It is empty where there is none.
func loop(t []lint.Token, at int) []lint.Token {
	depth, from := 0, -1
	for i := range t {
		switch {
		case endsLoop(t, i):
			if depth = max(depth-1, 0); depth == 0 && from >= 0 {
				if at > from && at < i {
					return t[from:i]
				}
				from = -1
			}
		case beginsLoop(t, i):
			if depth++; depth == 1 {
				from = i
			}
		}
	}
	return nil
}

func isLoop(t lint.Token) bool { return t.Is("WHILE") || t.Is("LOOP") || t.Is("REPEAT") || t.Is("FOR") }

func endsLoop(t []lint.Token, i int) bool { return i > 0 && isLoop(t[i]) && t[i-1].Is("END") }

// beginsLoop: REPEAT is a function, too, and FOR a word of cursors.
func beginsLoop(t []lint.Token, i int) bool {
	return isLoop(t[i]) && (opens(t, i) || t[i-1].Is(":"))
}
