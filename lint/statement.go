package lint

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Statement is one statement of a file.
type Statement struct {
	// Text is the statement without the delimiter, and without the comments around it.
	Text string
	// Start is Text's first byte in the file, End the byte behind its delimiter.
	Start, End int
	// Open: the file ended inside a string or a comment of it.
	Open bool
	// File is the one that it stands in.
	File *File
}

// File is SQL to be judged.
type File struct {
	Path   string
	Source string
	Format Format
	// Wrapped: whoever runs the file runs it in one transaction.
	Wrapped bool
	// Single: whoever runs the file sends it as one message, which the server takes for one transaction if it
	// holds several statements.
	Single     bool
	Statements []Statement
	// Context: its statements are applied and nothing is said about them.
	Context bool

	lines []int
}

// Position gives the line and the column of a byte, both from 1, the column in characters.
func (f *File) Position(offset int) (line, column int) {
	if f.lines == nil {
		f.lines = append(f.lines, 0)
		for i := 0; i < len(f.Source); i++ {
			if f.Source[i] == '\n' {
				f.lines = append(f.lines, i+1)
			}
		}
	}
	offset = min(max(offset, 0), len(f.Source))
	n := sort.SearchInts(f.lines, offset+1) - 1
	return n + 1, utf8.RuneCountInString(f.Source[f.lines[n]:offset]) + 1
}

// Line is the text of a line, from 1.
func (f *File) Line(n int) string {
	f.Position(0)
	if n < 1 || n > len(f.lines) {
		return ""
	}
	end := len(f.Source)
	if n < len(f.lines) {
		end = f.lines[n] - 1
	}
	return strings.TrimRight(f.Source[f.lines[n-1]:end], "\r")
}
