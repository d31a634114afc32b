package drill

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/plans"
)

func rename(swap bool) *plans.Plan {
	return &plans.Plan{Syncs: []plans.Sync{{Swap: swap}}, Phases: []plans.Phase{
		{Name: plans.Expand, Reversible: true, Steps: []plans.Step{{ID: "expand.1.add_columns"}}},
		{Name: plans.Switch, Reversible: true},
		{Name: plans.Contract, Until: "contract.2.drop", Steps: []plans.Step{{ID: "contract.1.hide"}, {ID: "contract.2.drop"}}},
	}}
}

func TestMoves(t *testing.T) {
	native := &plans.Plan{Phases: []plans.Phase{
		{Name: plans.Expand, Until: "expand.1.run_alter", Steps: []plans.Step{{ID: "expand.1.run_alter"}}},
		{Name: plans.Switch, Reversible: true}, {Name: plans.Contract, Reversible: true}}}
	shadow := rename(false)
	shadow.Phases[2] = plans.Phase{Name: plans.Contract, Until: "contract.1.drop_old", Steps: []plans.Step{{ID: "contract.1.drop_old"}}}
	for name, c := range map[string]struct {
		plan *plans.Plan
		want string
	}{
		"sync":   {rename(false), "expand=expanded rollback of expand=start expand=expanded switch=switched rollback of switch=expanded switch=switched contract up to contract.2.drop=hidden rollback of contract=switched contract=done"},
		"shadow": {shadow, "expand=expanded rollback of expand=start expand=expanded switch=switched rollback of switch=expanded switch=switched contract=done"},
		"native": {native, "expand=expanded switch=switched rollback of switch=expanded switch=switched contract=done"},
	} {
		var got []string
		for _, m := range Moves(c.plan) {
			got = append(got, fmt.Sprintf("%s=%s", m, m.State()))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s", name, s)
		}
	}
}

func TestExpect(t *testing.T) {
	bare := rename(false)
	bare.Phases[2].Steps = nil
	for _, c := range []struct {
		plan     *plans.Plan
		state    State
		old, new Need
	}{
		{rename(false), Start, Required, Unasked}, {rename(false), Expanded, Required, Required}, {rename(false), Switched, Required, Required},
		{rename(false), Hidden, Unasked, Required}, {rename(false), Done, Unasked, Required},
		{rename(true), Expanded, Required, Observed}, {rename(true), Switched, Observed, Required},
		{bare, Done, Required, Required},
		{&plans.Plan{Alters: []plans.Alter{{Way: plans.Shadow}}, Phases: bare.Phases}, Expanded, Required, Observed},
	} {
		if old, next := Expect(c.plan, c.state); old != c.old || next != c.new {
			t.Errorf("swap %t, %s: old %s, new %s", changesHands(c.plan), c.state, old, next)
		}
	}
}

// TestLine is held against values worked out by hand: y = 1, 3, 2, 5 at x = 1, 2, 3, 4 has slope 1.1, base 0 and a residual
// sum of 2.7; Student's 97.5 % quantile with 2 degrees is 4.302653.
func TestLine(t *testing.T) {
	l, ok := Fit([]Point{{1, 1}, {2, 3}, {3, 2}, {4, 5}})
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	if !ok || l.Sizes != 4 || l.Freedom != 2 {
		t.Fatalf("%+v", l)
	}
	near("slope", l.Each, 1.1)
	near("base", l.Base, 0)
	near("spread", l.Spread, math.Sqrt(1.35))
	near("slack", l.Slack, 4.302653*math.Sqrt(1.35/5))
	low, high, ok := l.Between(6)
	half := 4.302653 * math.Sqrt(1.35) * math.Sqrt(1+0.25+12.25/5)
	if !ok {
		t.Fatal("no interval")
	}
	near("high", high, 6.6+half)
	near("low", low, 0) // below nothing there is none
	if l.Grows() {
		t.Error("four such points tell no slope")
	}
	if _, ok := Fit([]Point{{10, 1}, {10, 2}}); ok {
		t.Error("a line through one size")
	}
	if two, _ := Fit([]Point{{1, 1}, {2, 2}}); two.Freedom != 0 {
		t.Error("two points have a degree of freedom")
	} else if _, _, ok := two.Between(3); ok {
		t.Error("an interval without a degree of freedom")
	}
}

func trialOf(rows int64, seconds ...float64) Trial {
	t := Trial{Rows: rows, Moves: []Made{{State: Start}}}
	for _, s := range seconds {
		d := time.Duration(s * float64(time.Second))
		t.Moves = append(t.Moves, Made{Move: Move{Phase: plans.Expand}, State: Expanded, Elapsed: d, Steps: []Timing{{Step: "expand.1.backfill", Elapsed: d, Rows: rows}}})
	}
	return t
}

func TestForecastSaysNoMoreThanThePointsDo(t *testing.T) {
	find := func(r *Result) Forecast {
		r.Foresee()
		for _, f := range r.Forecasts {
			if f.Step == "expand.1.backfill" && f.Of == OfTime {
				return f
			}
		}
		t.Fatalf("no forecast: %+v", r.Forecasts)
		return Forecast{}
	}
	one := find(&Result{Production: 5000, Trials: []Trial{trialOf(1000, 1, 1.1)}})
	if one.Line != nil || one.Seconds != 0 || !strings.Contains(one.Warnings[0], "one size") {
		t.Errorf("%+v", one)
	}
	two := find(&Result{Production: 5000, Trials: []Trial{trialOf(1000, 1, 1.1), trialOf(2000, 2, 2.1)}})
	if !two.Bounded || two.Low > 5.05 || two.High < 5.05 || math.Abs(two.Seconds-5.05) > 1e-9 || two.Beyond != 2.5 {
		t.Errorf("%+v", two)
	}
	single := find(&Result{Production: 5000, Trials: []Trial{trialOf(1000, 1), trialOf(2000, 2)}})
	if single.Bounded || !strings.Contains(strings.Join(single.Warnings, ";"), "can't be told") {
		t.Errorf("%+v", single)
	}
	far := find(&Result{Production: 1_000_000, Trials: []Trial{trialOf(1000, 1, 1.1), trialOf(2000, 2, 2.1)}})
	if !strings.Contains(strings.Join(far.Warnings, ";"), "500 times") {
		t.Errorf("%+v", far.Warnings)
	}
	unknown := Result{Trials: []Trial{trialOf(1000, 1)}}
	if unknown.Foresee(); unknown.Forecasts != nil {
		t.Error("a forecast for no rows")
	}
}

func TestJudge(t *testing.T) {
	r := Result{Plan: "p", Trials: []Trial{{Rows: 7, Moves: []Made{
		{State: Start, Checked: []Checked{{Code: "old", Need: Required, Works: true}}},
		{Move: Move{Phase: plans.Switch}, State: Switched, Checked: []Checked{{Code: "old", Need: Observed}}},
	}}}}
	if r.Judge(); !r.Passed {
		t.Errorf("what is only observed has decided: %+v", r.Broken)
	}
	r.Trials[0].Moves[1].Checked[0].Need = Required
	r.Judge()
	err := error(&BrokenError{&r})
	if r.Passed || (&BrokenError{&r}).Differs() || !strings.Contains(err.Error(), "in the state switched, after switch, with 7 rows: old code doesn't work") {
		t.Error(err)
	}
	r.Trials[0].Moves[1].Compared = &Comparison{Rows: []string{"x"}}
	if r.Judge(); !(&BrokenError{&r}).Differs() {
		t.Error("a difference isn't seen")
	}
	if empty := (Result{}); true {
		if empty.Judge(); empty.Passed {
			t.Error("a drill without a trial passed")
		}
	}
}

func TestSeal(t *testing.T) {
	r := Result{Format: Format, PlanHash: "h", Ended: time.Unix(1, 2).UTC(), Trials: []Trial{trialOf(10, 0.5)}}
	for _, key := range []string{"", "k"} {
		if err := r.Close([]byte(key)); err != nil {
			t.Fatal(err)
		}
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(b, []byte(key)); err != nil {
			t.Error(err)
		}
		edited := strings.Replace(string(b), `"plan_hash": "h"`, `"plan_hash": "i"`, 1)
		if _, err := Decode([]byte(edited), []byte(key)); !errors.Is(err, ErrSeal) {
			t.Errorf("key %q: an edited file: %v", key, err)
		}
		if _, err := Decode(b, []byte("other")); !errors.Is(err, ErrSeal) {
			t.Errorf("key %q: another key: %v", key, err)
		}
		if key != "" {
			if _, err := Decode(b, nil); err == nil {
				t.Error("a file with a key was read without one")
			}
		}
	}
	r.Format++
	b, _ := json.Marshal(r)
	if _, err := Decode(b, nil); err == nil {
		t.Error("another format was read")
	}
}
