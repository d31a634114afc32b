package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
	"github.com/phasemig/phasemig/throttle"
)

// gates asks each gate; the first that doesn't pass is the error, but all are
// asked, so that a caller sees everything that is missing in one call.
func (s *session) gates(ctx context.Context, ph plans.PhaseName, step string, refs []plans.GateRef) error {
	var held error
	for _, ref := range refs {
		v, err := s.gate(ctx, ph, step, ref)
		if err != nil {
			return err
		}
		s.e.observe(GateChecked{Phase: ph, Gate: ref.Kind, Verdict: v})
		if v.State != gate.Pass {
			held = worse(held, &gate.HeldError{Phase: ph, Step: step, Gate: ref.Kind, Verdict: v})
		}
	}
	return held
}

// worse prefers a gate that said no over one that is merely not open.
func worse(have error, e *gate.HeldError) error {
	var h *gate.HeldError
	if errors.As(have, &h) && (h.Verdict.State == gate.Fail || e.Verdict.State != gate.Fail) {
		return have
	}
	return e
}

func (s *session) gate(ctx context.Context, ph plans.PhaseName, step string, ref plans.GateRef) (gate.Verdict, error) {
	in, err := s.input(ctx, ph, ref)
	if err != nil {
		return gate.Verdict{}, err
	}
	v, ok := s.standIn(ph, step, ref)
	if !ok {
		v = gate.Check(ctx, in)
	}
	if ctx.Err() != nil {
		return v, context.Cause(ctx)
	}
	return v, s.verdict(ctx, ph, ref, v, in.Evidence)
}

// verdict stores a verdict unless it only repeats the last one: a gate that is
// polled for a day must not fill the table.
func (s *session) verdict(ctx context.Context, ph plans.PhaseName, ref plans.GateRef, v gate.Verdict, before []state.Evidence) error {
	kind := "gate:" + ref.Kind
	for i := len(before) - 1; i >= 0; i-- {
		if e := before[i]; e.Kind == kind && e.Phase == ph {
			if v.State != gate.Pass && !v.Keep && e.State == string(v.State) {
				return nil
			}
			break
		}
	}
	return s.evidence(ctx, ph, kind, string(v.State), v.Reason, v.Evidence)
}

func (s *session) evidence(ctx context.Context, ph plans.PhaseName, kind, st, reason string, data any) error {
	var raw json.RawMessage
	if data != nil {
		b, err := json.Marshal(data)
		if err != nil {
			return fmt.Errorf("encode evidence %s: %w", kind, err)
		}
		raw = b
	}
	_, err := s.e.db.Store.AddEvidence(ctx, state.Evidence{Run: s.run.ID, PlanHash: s.plan.Hash, Phase: ph, Kind: kind, State: st, Reason: reason, Data: raw})
	if err != nil {
		return fmt.Errorf("store evidence %s: %w", kind, err)
	}
	return nil
}

func (s *session) input(ctx context.Context, ph plans.PhaseName, ref plans.GateRef) (gate.Input, error) {
	st := s.e.db.Store
	in := gate.Input{Run: s.run, Plan: s.gated(), Phase: ph, Ref: ref, Targets: s.e.config.Targets}
	var err error
	if in.Steps, err = st.Steps(ctx, s.run.ID); err == nil {
		if in.Evidence, err = st.Evidence(ctx, s.run.ID); err == nil {
			if in.Approvals, err = st.Approvals(ctx, s.run.ID); err == nil {
				in.Now, err = st.Now(ctx)
			}
		}
	}
	if err != nil {
		return in, fmt.Errorf("gather what gate %s looks at: %w", ref.Kind, err)
	}
	in.Preflight = s.preflight
	in.SyncIntact = s.intact
	in.Verify = func(ctx context.Context) (gate.Verified, error) { return s.verified(ctx, ph, in, gate.MaxAge(ref)) }
	if s.e.config.Rehearsal == nil {
		in.Written = s.written
	}
	in.Shows = s.shows
	in.Retired = st.RetiredFlags
	in.Unreturnable = s.unreturnable
	in.References = s.e.db.Server.References()
	in.Sessions = s.e.db.Server.Sessions
	in.Position = s.e.db.Server.Position
	in.Unnamed = s.unnamed
	in.Replica = func(ctx context.Context, name string) (gate.Replica, func() error, error) {
		r, err := s.e.replica(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		return r, r.Close, nil
	}
	return in, nil
}

// written adds up what the server counts of the tables whose sides are kept in step.
func (s *session) written(ctx context.Context) (int64, error) {
	sum := int64(0)
	for _, y := range s.plan.Syncs {
		for _, id := range y.Tables() {
			n, err := s.e.db.Server.Written(ctx, id)
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	return sum, nil
}

// shows looks for what a step makes, on a replica or, without a name, on the target.
func (s *session) shows(ctx context.Context, name string, st plans.Step) (bool, string, error) {
	if name == "" {
		seen, said, err := s.e.db.Steps.Observe(ctx, s.plan, st)
		return seen == dialect.Done, said, err
	}
	r, err := s.e.replica(ctx, name)
	if err != nil {
		return false, "", err
	}
	seen, said, err := r.Observe(ctx, s.plan, st)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return seen == dialect.Done, said, err
}

func (s *session) unreturnable(ctx context.Context) (int64, []state.Unreturnable, error) {
	if err := s.readSteps(ctx); err != nil {
		return 0, nil, err
	}
	return s.e.unreturnable(ctx, s.plan, s.records)
}

// unnamed lists readers of the target's log that the plan doesn't name.
func (s *session) unnamed(ctx context.Context) ([]string, error) {
	known, err := s.e.db.Watch.Followers(ctx)
	if err != nil || len(known) == 0 {
		return nil, err
	}
	var names []string
	for _, name := range s.named() {
		r, err := s.e.replica(ctx, name)
		if err != nil {
			return nil, err
		}
		own, err := r.Name(ctx)
		if cerr := r.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, fmt.Errorf("replica %s: %w", name, err)
		}
		names = append(names, own)
	}
	return unnamed(known, names), nil
}

// named are the names of the plan's replicas.
func (s *session) named() plans.Replicas {
	if p := s.gated(); !p.Replicas.None() {
		return p.Replicas
	}
	return nil
}

// preflight asks the server, and each replica that later gates will need: one
// that can't be reached is better known before the first step.
func (s *session) preflight(ctx context.Context) ([]gate.Finding, error) {
	if err := s.replicasAnswer(ctx); err != nil {
		return nil, err
	}
	list, err := s.e.db.Server.Preflight(ctx, s.plan)
	if err != nil {
		return nil, fmt.Errorf("preflight: %w", err)
	}
	var out []gate.Finding
	for _, a := range list {
		out = append(out, gate.Finding{Check: a.Check, Detail: a.Detail, Fix: a.Fix, OK: a.OK, Fatal: a.Fatal})
	}
	return out, nil
}

func (s *session) replicasAnswer(ctx context.Context) error {
	for _, name := range s.named() {
		r, err := s.e.replica(ctx, name)
		if err != nil {
			return err
		}
		_, err = r.Lag(ctx)
		if cerr := r.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return fmt.Errorf("replica %s: %w", name, err)
		}
	}
	return nil
}

// intact looks at the steps that keep both sides in step.
func (s *session) intact(ctx context.Context) (string, error) {
	for _, st := range s.plan.Phase(plans.Expand).Steps {
		if st.Kind != plans.InstallSync {
			continue
		}
		seen, said, err := s.e.db.Steps.Observe(ctx, s.plan, st)
		if err != nil {
			return "", fmt.Errorf("look at the triggers of %s: %w", st.Table, err)
		}
		if seen != dialect.Done {
			return fmt.Sprintf("the triggers that keep %s in step are not as installed: %s", st.Table, said), nil
		}
	}
	return "", nil
}

// verified returns the last verification if it may still be believed, else
// compares every row now: of copies only until their tables have changed places.
func (s *session) verified(ctx context.Context, ph plans.PhaseName, in gate.Input, maxAge time.Duration) (gate.Verified, error) {
	believed := s.believed(ph, in, maxAge)
	var list, fresh []TableVerified
	at := in.Now
	add := func(v believedTable, known bool, compare func() (TableVerified, error)) error {
		if known {
			list, at = append(list, v.TableVerified), earlier(at, v.at)
			return nil
		}
		t, err := compare()
		if err == nil {
			list, fresh = append(list, t), append(fresh, t)
		}
		return err
	}
	for i := range s.plan.Syncs {
		v, known := believed[syncSides(&s.plan.Syncs[i])]
		if err := add(v, known, func() (TableVerified, error) { return s.compare(ctx, i, string(ph)+".verify", new(throttle.Pacer)) }); err != nil {
			return gate.Verified{}, err
		}
	}
	for _, i := range s.plan.Shadows() {
		if ph == plans.Contract {
			break
		}
		v, known := believed[copySides(&s.plan.Alters[i])]
		if err := add(v, known, func() (TableVerified, error) { return s.compareShadow(ctx, i, string(ph)+".verify") }); err != nil {
			return gate.Verified{}, err
		}
	}
	if len(fresh) == 0 {
		return total(list, at), nil
	}
	return total(list, at), s.storeVerified(ctx, ph, fresh)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// sides name what was compared.
type sides struct{ table, columns string }

func syncSides(y *plans.Sync) sides  { return sides{y.Table.String(), y.Old[0].Name} }
func copySides(a *plans.Alter) sides { return sides{a.Table.String(), wholeTable} }

// believedTable is what was seen of two sides, and when.
type believedTable struct {
	TableVerified
	at time.Time
}

// believed are the verifications of this phase that are fresh enough, if nothing
// was done or undone since: a column that was dropped and added again is another
// column. Where no trigger keeps the sides in step it is stale with the next statement
// of an old instance, so there every row is compared each time. What the comparison of a copy saw in expand holds until
// the tables change places.
func (s *session) believed(ph plans.PhaseName, in gate.Input, maxAge time.Duration) map[sides]believedTable {
	out := map[sides]believedTable{}
	if slices.ContainsFunc(s.plan.Syncs, func(y plans.Sync) bool { return y.DualWrite != "trigger" }) {
		return out
	}
	changed := lastChange(in.Steps)
	for _, e := range slices.Backward(in.Evidence) {
		if e.At.Before(changed) {
			break
		}
		if e.Kind != "verify" || e.PlanHash != s.plan.Hash || in.Now.Sub(e.At) > maxAge {
			continue
		}
		var list []TableVerified
		if err := json.Unmarshal(e.Data, &list); err != nil || e.State != "pass" {
			break
		}
		for _, t := range list {
			of := sides{t.Table, t.Columns}
			if _, newer := out[of]; !newer && (e.Phase == ph || of.columns == wholeTable && e.Phase == plans.Expand) {
				out[of] = believedTable{t, e.At}
			}
		}
	}
	return out
}

// lastChange is when the last step was begun, done or undone.
func lastChange(steps []state.StepRecord) time.Time {
	var last time.Time
	for _, r := range steps {
		if strings.HasSuffix(r.Step, "."+string(plans.CompareShadow)) && r.State == state.StepDone {
			continue // it changes nothing
		}
		for _, at := range []time.Time{r.Started, r.Ended} {
			if at.After(last) {
				last = at
			}
		}
	}
	return last
}

func (s *session) storeVerified(ctx context.Context, ph plans.PhaseName, list []TableVerified) error {
	t := total(list, time.Time{})
	st := "pass"
	if t.Differ > 0 {
		st = "fail"
	}
	what := fmt.Sprintf("%d rows, %d differ, %d can't go back", t.Rows, t.Differ, t.Unreturnable)
	if n := repaired(list); n > 0 {
		what += fmt.Sprintf(", %d repaired", n)
	}
	return s.evidence(ctx, ph, "verify", st, what, list)
}

func repaired(list []TableVerified) (n int64) {
	for _, t := range list {
		n += t.Repaired
	}
	return n
}

func total(list []TableVerified, at time.Time) gate.Verified {
	v := gate.Verified{At: at}
	for _, t := range list {
		v.Rows += t.Rows
		v.Differ += t.Differ
		v.Unreturnable += t.Unreturnable
		v.Keys = append(v.Keys, t.Keys...)
		v.Position = t.Position
	}
	return v
}
