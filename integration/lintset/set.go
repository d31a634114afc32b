package lintset

import (
	"errors"
	"fmt"
	"io"
	"os"

	"gopkg.in/yaml.v3"
)

// Label says whether a migration is a danger to a table in use.
type Label string

// The labels.
const (
	Dangerous Label = "dangerous"
	Safe      Label = "safe"
)

// Why is the danger; it is empty for what is safe. Where there are several, it is the one that the note speaks of.
type Why string

// The dangers. The package comment defines them.
const (
	Blocks Why = "blocks"
	Breaks Why = "breaks"
	Fails  Why = "fails"
	Loses  Why = "loses"
)

// Verdict is a label with its reason.
type Verdict struct {
	Label Label `yaml:"label"`
	Why   Why   `yaml:"why"`
}

// Case is one migration.
type Case struct {
	ID     string `yaml:"id"`
	Schema string `yaml:"schema"` // the statements that made what exists
	SQL    string `yaml:"sql"`    // the migration, statements separated by semicolons
	Note   string `yaml:"note"`   // what the manual says and where

	Verdict  `yaml:",inline"`
	Versions map[int]Verdict `yaml:"versions"` // by major version, where it differs

	Role          string            `yaml:"role"`            // whom the client connects as, if not the owner
	Client        []string          `yaml:"client"`          // further statements of the client
	Rows          map[string]string `yaml:"rows"`            // "table.column" to an expression of the row's number i
	DependsOnRows bool              `yaml:"depends_on_rows"` // other rows that the schema allows would turn the label
}

// On is the verdict for a server's major version.
func (c Case) On(major int) Verdict {
	if v, ok := c.Versions[major]; ok {
		return v
	}
	return c.Verdict
}

// The folders of testdata/lintset. The package comment says what may be done with each.
const (
	Practice = "practice"
	Unseen   = "unseen"
	Fresh    = "fresh"
)

// Set is the content of one file.
type Set struct {
	Schemas map[string]string `yaml:"schemas"` // schemas that several cases share, by way of YAML aliases
	Cases   []Case            `yaml:"cases"`
}

// Read reads a file of cases and checks that each of them is complete.
func Read(path string) (Set, error) {
	file, err := os.Open(path)
	if err != nil {
		return Set{}, err
	}
	defer file.Close()
	set, err := decode(file)
	if err != nil {
		return Set{}, fmt.Errorf("read %s: %w", path, err)
	}
	return set, nil
}

func decode(r io.Reader) (Set, error) {
	var set Set
	decoder := yaml.NewDecoder(r)
	decoder.KnownFields(true)
	if err := decoder.Decode(&set); err != nil {
		return Set{}, err
	}
	seen := map[string]bool{}
	var wrong []error
	for _, c := range set.Cases {
		if seen[c.ID] {
			wrong = append(wrong, fmt.Errorf("case %s: there are two", c.ID))
		}
		seen[c.ID] = true
		wrong = append(wrong, c.validate())
	}
	return set, errors.Join(wrong...)
}

func (c Case) validate() error {
	if c.ID == "" || c.Schema == "" || c.SQL == "" || c.Note == "" {
		return fmt.Errorf("case %q: id, schema, sql and note must be there", c.ID)
	}
	if err := c.Verdict.validate(); err != nil {
		return fmt.Errorf("case %s: %w", c.ID, err)
	}
	for major, v := range c.Versions {
		if err := v.validate(); err != nil {
			return fmt.Errorf("case %s, version %d: %w", c.ID, major, err)
		}
	}
	return nil
}

func (v Verdict) validate() error {
	switch v {
	case Verdict{Safe, ""}, Verdict{Dangerous, Blocks}, Verdict{Dangerous, Breaks}, Verdict{Dangerous, Fails}, Verdict{Dangerous, Loses}:
		return nil
	}
	return fmt.Errorf("unknown verdict %s/%s", v.Label, v.Why)
}
