package cli

import (
	"fmt"
	"strconv"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
)

// fact is one value of a result under the name by which the next steps of a pipeline read it.
type fact struct{ name, value string }

// ended tells how a call ended: what all commands have in common.
func ended(pr *problem) []fact {
	if pr == nil {
		return []fact{{"exit", strconv.Itoa(exitDone)}, {"class", "done"}}
	}
	return []fact{{"exit", strconv.Itoa(pr.Exit)}, {"class", pr.Class}, {"message", pr.Message}, {"hint", pr.Hint}}
}

// facts flattens a result. What is empty is left out.
func facts(result any) []fact {
	var out []fact
	switch r := result.(type) {
	case engine.Result:
		out = []fact{{"run", r.Run}, {"name", r.Name}, {"status", string(r.Status)}, {"phase", string(r.Phase)}, {"plan_hash", r.PlanHash},
			{"already", strconv.FormatBool(r.Already)}, {"evidence_head", r.Evidence}, {"next", r.Next}}
	case dryRunResult:
		out = []fact{{"run", r.Run}, {"phase", string(r.Phase)}, {"steps", strconv.Itoa(len(r.Steps))}}
	case engine.Report:
		out = []fact{{"run", r.ID}, {"name", r.Name}, {"status", string(r.Status)}, {"phase", string(r.Phase)}, {"plan_hash", r.PlanHash},
			{"revertible", strconv.FormatBool(r.Revertible)}, {"unreturnable", strconv.FormatInt(r.Unreturnable, 10)}, {"evidence_head", head(r)}}
	case gatesResult:
		out = []fact{{"run", r.Run}, {"verdict", string(verdict(r.Gates))}}
	case *plans.Plan:
		out = []fact{{"run", r.ID}, {"name", r.Name}, {"plan_hash", r.Hash}, {"strategy", r.Strategy}}
	}
	var said []fact
	for _, f := range out {
		if f.value != "" {
			said = append(said, f)
		}
	}
	return said
}

func head(r engine.Report) string {
	if len(r.Evidence) == 0 {
		return ""
	}
	return r.Evidence[len(r.Evidence)-1].Hash
}

// verdict is that of several gates: one no is a no, and all must pass.
func verdict(list []engine.GateResult) gate.State {
	out := gate.Pass
	for _, r := range list {
		switch {
		case r.Verdict.State == gate.Fail:
			return gate.Fail
		case r.Verdict.State != gate.Pass:
			out = gate.Inconclusive
		}
	}
	return out
}

// headline is a result in one sentence.
func headline(result any) string {
	switch r := result.(type) {
	case engine.Result:
		return fmt.Sprintf("%s (%s) is %s", r.Name, r.Run, r.Status)
	case dryRunResult:
		return fmt.Sprintf("%s of run %s would run now; nothing was run", plural(int64(len(r.Steps)), "step", "steps"), r.Run)
	case engine.Report:
		return fmt.Sprintf("%s (%s) is %s", r.Name, r.ID, r.Status)
	case gatesResult:
		return fmt.Sprintf("the gates of run %s: %s", r.Run, verdict(r.Gates))
	case *plans.Plan:
		return fmt.Sprintf("plan %s (run %s) has the hash %s", r.Name, r.ID, r.Hash)
	}
	return "done"
}
