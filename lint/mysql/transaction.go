package mysql

import "github.com/phasemig/phasemig/lint"

// takenBack reports whether the statement stands in a transaction of the file that ends with ROLLBACK. Statements about the schema commit.
func (j *judge) takenBack() bool {
	if j.file == nil || j.depth > 0 {
		return false
	}
	list := j.file.Statements
	at := min(j.next, len(list))
	begun := false
	for i := at - 2; i >= 0 && !begun; i-- {
		switch t := Syntax.Tokens(list[i].Text); {
		case opensTransaction(t):
			begun = true
		case endsTransaction(t):
			return false
		}
	}
	for _, s := range list[at:] {
		if t := Syntax.Tokens(s.Text); endsTransaction(t) || opensTransaction(t) {
			return begun && t[0].Is("ROLLBACK")
		}
	}
	return false
}

func opensTransaction(t []lint.Token) bool {
	return len(t) > 0 && (t[0].Is("BEGIN") && len(t) < 3 || t[0].Is("START") && len(t) > 1 && t[1].Is("TRANSACTION"))
}

// endsTransaction is true of everything that isn't about rows: it ends a transaction, or may do so.
func endsTransaction(t []lint.Token) bool {
	if len(t) == 0 {
		return false
	}
	for _, w := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "SAVEPOINT", "WITH", "DO"} {
		if t[0].Is(w) {
			return false
		}
	}
	return !t[0].Is("ROLLBACK") || len(t) < 2 || !t[1].Is("TO")
}
