package state

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// ErrBroken: the evidence is not what was written.
var ErrBroken = errors.New("the evidence was tampered with")

// BrokenError is ErrBroken with the place: the first entry of which it can be told.
type BrokenError struct {
	Run  string `json:"run"`
	Seq  int64  `json:"seq"` // 0: no entry of the chain
	What string `json:"what"`
}

func (e *BrokenError) Error() string {
	if e.Seq == 0 {
		return fmt.Sprintf("the evidence of run %s is not what was written: %s", e.Run, e.What)
	}
	return fmt.Sprintf("the evidence of run %s is broken at entry %d: %s", e.Run, e.Seq, e.What)
}

// Is makes errors.Is(err, ErrBroken) true.
func (e *BrokenError) Is(target error) bool { return target == ErrBroken }

// CheckChain returns a *BrokenError at the first entry that doesn't follow from the
// one before it. What was cut off at the end doesn't show: see CheckHead.
func CheckChain(list []Evidence) error {
	prev := ""
	for i, e := range list {
		switch {
		case e.Seal() != e.Hash:
			return &BrokenError{e.Run, e.Seq, "it was changed: its hash is not that of what it says"}
		case e.Previous != prev || e.Seq != int64(i+1):
			return &BrokenError{e.Run, e.Seq, "it doesn't follow from the one before it: one was removed, put in or written anew"}
		}
		prev = e.Hash
	}
	return nil
}

// CheckHead returns a *BrokenError unless the chain still holds the entry that was its head
// once: who can write to the table can write a whole new chain, but not one that leads through a hash that
// somebody else has kept.
func CheckHead(run string, list []Evidence, head string) error {
	if slices.ContainsFunc(list, func(e Evidence) bool { return e.Hash == head }) {
		return nil
	}
	return &BrokenError{Run: run, What: "no entry has the hash " + head + ": entries were cut off, or the chain was written anew"}
}

// CheckApprovals returns a *BrokenError for an approval that the chain knows nothing of.
func CheckApprovals(list []Evidence, approvals []Approval) error {
	for _, a := range approvals {
		known := slices.ContainsFunc(list, func(e Evidence) bool {
			return e.Kind == "approval" && e.Phase == a.Phase && e.PlanHash == a.PlanHash && strings.HasPrefix(e.Reason, "approved by "+a.By+":")
		})
		if !known {
			return &BrokenError{Run: a.Run, What: fmt.Sprintf("the approval of %s by %s was not given by phasemig approve: no entry tells of it", a.Phase, a.By)}
		}
	}
	return nil
}
