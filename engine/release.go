package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// revisionKind is the evidence of which revision of the application opened a phase.
const revisionKind = "revision"

// released is what that evidence holds.
type released struct {
	Revision string `json:"revision"`
}

// release holds contract against the rules of a release. They hold where callers say which revision of the
// application a call belongs to: contract never belongs to the revision that expand or switch was opened by, since
// taking that one back would bring back code of the old side; and something must speak for the old instances
// being gone, the plan's gate old_instances_gone or the caller. The error is a *plans.RefusedError.
func (s *session) release(ctx context.Context, ph *plans.Phase) error {
	if ph.Name != plans.Contract || len(ph.Steps) == 0 {
		return nil
	}
	opened, err := s.openedBy(ctx)
	if err != nil || len(opened) == 0 && s.options.Revision == "" {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(opened)) {
		if err := s.apart(name, opened[name]); err != nil {
			return err
		}
	}
	return s.oldGone(ctx, ph)
}

// apart: contract and the phase name are of different revisions.
func (s *session) apart(name plans.PhaseName, revision string) error {
	switch s.options.Revision {
	case "":
		return &plans.RefusedError{What: "contract", Reason: fmt.Sprintf("%s was opened by revision %s of the application, and this call doesn't say which revision it belongs to", name, revision),
			Hint: "--revision REV, or PHASEMIG_REVISION in the environment"}
	case revision:
		return &plans.RefusedError{What: "contract", Reason: fmt.Sprintf("revision %s of the application opened %s, too: going back from it would bring back code that uses the old side", revision, name),
			Hint: "run contract for a later revision, when the one before it doesn't use the old side any more"}
	}
	return nil
}

// oldGone: the plan's own gate tells whether an old instance lives, or the caller says that none does.
func (s *session) oldGone(ctx context.Context, ph *plans.Phase) error {
	if ph.Asks("old_instances_gone") {
		return nil
	}
	if s.options.OldInstancesGone == "" {
		return &plans.RefusedError{What: "contract", Reason: "nothing tells that no instance of an old revision lives or can be gone back to: the plan has no gate old_instances_gone before contract",
			Hint: "plan with that gate, or say why none lives by --old-instances-gone REASON, which is kept as evidence"}
	}
	return s.evidence(ctx, ph.Name, "old_instances_gone", "said", s.options.OldInstancesGone, released{s.options.Revision})
}

// openedBy reads which revisions opened the phases that stand; one that was taken back since doesn't count.
func (s *session) openedBy(ctx context.Context) (map[plans.PhaseName]string, error) {
	list, err := s.e.db.Store.Evidence(ctx, s.run.ID)
	if err != nil {
		return nil, fmt.Errorf("read which revisions opened the phases: %w", err)
	}
	return openedBy(list)
}

func openedBy(list []state.Evidence) (map[plans.PhaseName]string, error) {
	out := map[plans.PhaseName]string{}
	for _, e := range list {
		switch {
		case e.Kind == "rollback":
			delete(out, e.Phase)
		case e.Kind == revisionKind && e.Phase != plans.Contract:
			var r released
			if err := json.Unmarshal(e.Data, &r); err != nil {
				return nil, fmt.Errorf("read evidence %d: %w", e.Seq, err)
			}
			out[e.Phase] = r.Revision
		}
	}
	return out, nil
}

// tellRevision stores by which revision a phase is opened.
func (s *session) tellRevision(ctx context.Context, ph *plans.Phase) error {
	r := s.options.Revision
	if r == "" {
		return nil
	}
	return s.evidence(ctx, ph.Name, revisionKind, "done", fmt.Sprintf("%s is opened by revision %s", ph.Name, r), released{r})
}
