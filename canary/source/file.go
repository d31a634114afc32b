package source

import (
	"bytes"

	"github.com/phasemig/phasemig/canary"
)

// Either reads JSON or CSV: JSON begins with a brace, which no CSV of measurements does.
func Either(b []byte) (canary.Population, error) {
	read := CSV
	if bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{")) {
		read = JSON
	}
	return read(bytes.NewReader(b))
}
