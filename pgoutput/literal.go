package pgoutput

import "bytes"

// appendLiteral writes a value's text as a literal that reads the same whatever
// standard_conforming_strings says.
func appendLiteral(out, text []byte) []byte {
	if bytes.IndexByte(text, '\\') >= 0 {
		out = append(out, 'E')
	}
	out = append(out, '\'')
	for len(text) > 0 {
		i := bytes.IndexAny(text, `'\`)
		if i < 0 {
			out = append(out, text...)
			break
		}
		out = append(append(out, text[:i+1]...), text[i])
		text = text[i+1:]
	}
	return append(out, '\'')
}

// literalSize bounds what appendLiteral writes.
func literalSize(text []byte) int {
	return len(text) + 3 + bytes.Count(text, []byte{'\''}) + bytes.Count(text, []byte{'\\'})
}
