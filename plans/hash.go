package plans

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// planID digests what is wanted and what it is wanted on. It enters names and
// comments, so it can't be taken from the hash over the finished SQL.
func planID(c Change, f *Facts, p *Plan) string {
	h := sha256.New()
	h.Write(c.canonical())
	for _, id := range p.Tables() {
		t, _ := f.Table(id)
		fmt.Fprintf(h, "\n%s\n%s", id, strings.Join(t.Lines(), "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// ComputeHash digests everything that decides what runs: all of the plan except
// the hash itself, the estimates and the age of the facts.
func (p *Plan) ComputeHash() string {
	q := *p
	q.Hash, q.FactsRead = "", ""
	q.Phases = slices.Clone(p.Phases)
	for i := range q.Phases {
		q.Phases[i].Estimate = Estimate{}
		q.Phases[i].Steps = slices.Clone(q.Phases[i].Steps)
		for j := range q.Phases[i].Steps {
			q.Phases[i].Steps[j].Estimate = Estimate{}
		}
	}
	b, err := json.Marshal(q)
	if err != nil {
		panic(err) // plain data: can't happen
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Encode writes the plan as it is stored: indented JSON, stable field order, a
// newline at the end.
func (p *Plan) Encode() ([]byte, error) {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(p); err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	return []byte(out.String()), nil
}

// Decode reads a plan and checks its format and hash. A plan that was edited by
// hand doesn't match its hash and is drift: what was reviewed is not what would run.
func Decode(b []byte) (*Plan, error) {
	var p Plan
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, &InputError{What: "plan file", Reason: err.Error(), Hint: "make it with `phasemig plan … -o plan.json`"}
	}
	if p.Format != Format {
		return nil, &InputError{What: "plan file", Reason: fmt.Sprintf("format %d; this phasemig reads format %d", p.Format, Format), Hint: "make the plan again with this version"}
	}
	if got := p.ComputeHash(); got != p.Hash {
		return nil, &DriftError{What: "the plan file was changed after it was made: make it again and have it reviewed", Diff: []string{"- hash " + p.Hash, "+ hash " + got}}
	}
	return &p, nil
}
