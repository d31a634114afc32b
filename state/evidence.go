package state

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/plans"
)

// Evidence is a fact that a gate or a step saw. The list is append-only and each
// entry carries the hash of the one before it, so that a removed or edited one
// shows.
type Evidence struct {
	Seq      int64           `json:"seq"`
	Run      string          `json:"run"`
	PlanHash string          `json:"plan_hash"`
	Phase    plans.PhaseName `json:"phase"`
	Kind     string          `json:"kind"`  // the gate's kind, or "verify", "step", "rollback" …
	State    string          `json:"state"` // pass, fail, inconclusive, done
	Reason   string          `json:"reason,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
	At       time.Time       `json:"at"`
	Previous string          `json:"previous"`
	Hash     string          `json:"hash"`
}

// Seal computes the entry's hash over everything else in it. The time counts in
// microseconds, which is what every server keeps.
func (e Evidence) Seal() string {
	at := e.At.UTC().Truncate(time.Microsecond)
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s", e.Seq, e.Run, e.PlanHash, e.Phase, e.Kind, e.State,
		e.Reason, e.Data, at.Format(time.RFC3339Nano), e.Previous))
	return hex.EncodeToString(sum[:])
}

// CheckChain returns an error at the first entry that doesn't follow from the
// one before it.
func CheckChain(list []Evidence) error {
	prev := ""
	for _, e := range list {
		if e.Previous != prev || e.Seal() != e.Hash {
			return fmt.Errorf("evidence %d of run %s was changed or removed", e.Seq, e.Run)
		}
		prev = e.Hash
	}
	return nil
}
