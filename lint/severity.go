package lint

import (
	"fmt"
	"strings"
)

// Severity is how much a finding matters. Only Error decides the exit code by default.
type Severity int

// The severities. Off is for configuration: a rule that is off finds nothing.
const (
	Off Severity = iota
	Note
	Warning
	Error
)

var severities = [...]string{"off", "note", "warning", "error"}

func (s Severity) String() string {
	if s < Off || s > Error {
		return fmt.Sprintf("Severity(%d)", int(s))
	}
	return severities[s]
}

// MarshalText writes the severity's word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Severity) UnmarshalText(b []byte) error {
	v, err := ParseSeverity(string(b))
	*s = v
	return err
}

// ParseSeverity reads a severity's word.
func ParseSeverity(word string) (Severity, error) {
	for i, w := range severities {
		if strings.EqualFold(w, word) {
			return Severity(i), nil
		}
	}
	return Off, fmt.Errorf("severity %q is not one of off, note, warning, error", word)
}
