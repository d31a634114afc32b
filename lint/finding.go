package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Finding is one thing said about one statement.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`   // from 1
	Column   int      `json:"column"` // from 1, in characters
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	// Statement is the statement's own text.
	Statement string `json:"statement"`
	// Lock is what is locked and for how long, in words; "" where a lock isn't the point.
	Lock string `json:"lock,omitempty"`
	// Safe is the safe form for this very statement: SQL, or a phasemig change file.
	Safe string `json:"safe,omitempty"`
	// Offset and Length are the finding's bytes in the file.
	Offset int `json:"-"`
	Length int `json:"-"`
	// Fix is set where the safe form is mechanical.
	Fix *Fix `json:"-"`
	// Repeat tells findings of the same rule on the same text in one file apart.
	Repeat int `json:"-"`
}

// Fix replaces bytes of the file.
type Fix struct {
	Start, End int
	Text       string
}

// Fingerprint names a finding independently of its line, so that a baseline survives edits above it.
func (f Finding) Fingerprint() string {
	text := strings.Join(strings.Fields(f.Statement), " ")
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Rule, f.File, text, string(rune('0' + f.Repeat))}, "\x00")))
	return hex.EncodeToString(sum[:16])
}
