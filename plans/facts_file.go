package plans

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/schema"
)

// Keep marks facts for a file: when they were read, and what for.
func (f *Facts) Keep(c Change, now time.Time) {
	f.Read, f.For = now.UTC().Format(time.RFC3339), c.digest()
}

// digest is of what decides which facts are read.
func (c Change) digest() string {
	sum := sha256.Sum256(Change{Operations: c.Operations}.canonical())
	return hex.EncodeToString(sum[:])[:16]
}

// EncodeFacts writes facts as they are stored: indented JSON, a newline at the end.
func EncodeFacts(f *Facts) ([]byte, error) {
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode facts: %w", err)
	}
	return append(b, '\n'), nil
}

// DecodeFacts reads stored facts. An unknown field is an error: it could decide.
func DecodeFacts(b []byte) (*Facts, error) {
	var f Facts
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	if f.Dialect == "" || f.Read == "" {
		return nil, fmt.Errorf("it holds no dialect, or not when it was read")
	}
	if _, err := time.Parse(time.RFC3339, f.Read); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return &f, nil
}

// Match refuses facts that were read for something else: what the server said of this change they don't hold.
func (f *Facts) Match(c Change) error {
	if f.For == c.digest() {
		return nil
	}
	return &InputError{What: "facts", Reason: "they were read for other operations, so they don't hold what the server makes of these", Hint: "read them anew: phasemig facts with the same change, where the server can be reached"}
}

// IndexTable is the table that an index of the facts is on, as an operation names it: with its schema where names are not looked for there.
func (f *Facts) IndexTable(index string) string {
	id := schema.ParseIdent(index)
	for _, t := range f.Tables {
		if _, ok := t.Index(id.Name); !ok || id.Schema != "" && id.Schema != t.Schema {
			continue
		}
		if path := f.Settings["search_path"]; path != "" && !slices.Contains(strings.Split(path, ", "), t.Schema) {
			return t.Ident.String()
		}
		return t.Name
	}
	return ""
}
