package sqlstate

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
)

// stamp reads a time in UTC, whether the driver gives it as a time or as text.
// NULL is the zero time.
type stamp struct{ to *time.Time }

// Scan is for database/sql.
func (s stamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*s.to = time.Time{}
	case time.Time:
		*s.to = v.UTC()
	case []byte:
		return s.parse(string(v))
	case string:
		return s.parse(v)
	default:
		return fmt.Errorf("%T is not a time", v)
	}
	return nil
}

func (s stamp) parse(text string) (err error) {
	*s.to, err = time.Parse("2006-01-02 15:04:05.999999", text)
	return err
}

// null is NULL as a parameter; a nil field means the clock.
type null struct{}

// Value is for database/sql.
func (null) Value() (driver.Value, error) { return nil, nil }

// clean makes s storable: messages carry output of commands and servers, and a
// byte that the server refuses must not lose the message.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// cut is clean, and short enough for a column of n characters.
func cut(s string, n int) string {
	r := []rune(clean(s))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}
