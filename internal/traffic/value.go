package traffic

import (
	"database/sql"
	"strconv"
)

// Value is what a column holds, as text.
type Value struct {
	Text string
	Null bool
	// Or is a second value that is as good; nil: none.
	Or *Value
	// Any takes everything: the column can't hold what was written on the other side.
	Any bool
}

// Null is the SQL NULL.
var Null = Value{Null: true}

// Text is a value that isn't NULL.
func Text(s string) Value { return Value{Text: s} }

func (v Value) same(w Value) bool {
	return v.Null == w.Null && v.Text == w.Text
}

// takes reports whether got is what v asks for.
func (v Value) takes(got Value) bool {
	return v.Any || v.same(got) || v.Or != nil && v.Or.same(got)
}

func (v Value) String() string {
	switch {
	case v.Any:
		return "anything"
	case v.Null:
		return "NULL"
	case v.Or != nil:
		return strconv.Quote(v.Text) + " or " + v.Or.String()
	}
	return strconv.Quote(v.Text)
}

func scanned(s sql.NullString) Value { return Value{Text: s.String, Null: !s.Valid} }

func sameValues(a, b []Value) bool {
	for i := range a {
		if !a[i].same(b[i]) {
			return false
		}
	}
	return true
}
