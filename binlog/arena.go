package binlog

import "github.com/phasemig/phasemig/stream"

// Blocks are small, because a consumer that keeps one row of many keeps the row's
// whole block.
const (
	textBlock  = 8 << 10
	valueBlock = 128
)

// arena gives out memory for texts and rows a block at a time.
type arena struct {
	text   []byte // the block's free part is between len and cap
	values []stream.Value
}

// begin returns where the next text is appended. It has room for n bytes or grows
// into a block of its own.
func (a *arena) begin(n int) []byte {
	if cap(a.text)-len(a.text) < n {
		a.text = make([]byte, 0, max(textBlock, n))
	}
	return a.text[len(a.text):]
}

// end takes the text that was appended to what begin returned.
func (a *arena) end(text []byte) []byte {
	if n := len(a.text); cap(a.text)-n >= len(text) && cap(text) == cap(a.text)-n {
		a.text = a.text[:n+len(text)]
	}
	return text[:len(text):len(text)]
}

// row gives out a row of n absent values.
func (a *arena) row(n int) stream.Row {
	if cap(a.values)-len(a.values) < n {
		a.values = make([]stream.Value, 0, max(valueBlock, n))
	}
	k := len(a.values)
	a.values = a.values[:k+n]
	return stream.Row(a.values[k : k+n : k+n])
}
