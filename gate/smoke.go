package gate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
)

// smokeTest is the check of one application: the name of a command or of an http target.
type smokeTest struct{ of, target string }

func smokeOf(p map[string]any) (out []smokeTest, err error) {
	for _, of := range []string{"old", "new"} {
		if _, ok := p[of]; !ok {
			continue
		}
		target := text(p, of, "")
		if target == "" {
			return nil, fmt.Errorf("setting %s: name a command or an http target of phasemig.yaml", of)
		}
		out = append(out, smokeTest{of, target})
	}
	if len(out) == 0 {
		return nil, errors.New("name the check of the old application, of the new one, or of both: settings old and new")
	}
	return out, nil
}

// smoke passes when the checks of the old and of the new application both do: between expand and
// contract both must work on the same schema. All are run, so that one call shows all. Settings: old, new.
func smoke(ctx context.Context, in Input) (Verdict, error) {
	tests, err := smokeOf(in.Ref.Params)
	if err != nil {
		return Verdict{}, err
	}
	all := Passed("", map[string]any{})
	var reasons []string
	for _, t := range tests {
		v, err := checkTarget(ctx, in, t.target)
		if err != nil {
			v = Unsure(err.Error(), v.Evidence)
		}
		all.Evidence[t.of] = map[string]any{"state": v.State, "reason": v.Reason, "evidence": v.Evidence}
		reasons = append(reasons, t.of+": "+v.Reason)
		if v.State == Fail || v.State == Inconclusive && all.State == Pass {
			all.State = v.State
		}
	}
	all.Reason = strings.Join(reasons, "; ")
	return all, nil
}

// checkTarget asks the command or the address of a name.
func checkTarget(ctx context.Context, in Input, name string) (Verdict, error) {
	_, isCommand := in.Targets.Commands[name]
	_, isHTTP := in.Targets.HTTP[name]
	in.Ref = plans.GateRef{Params: map[string]any{"target": name}}
	switch {
	case isCommand && isHTTP:
		return Verdict{}, fmt.Errorf("%q is both a command and an http target in this runner's phasemig.yaml", name)
	case isHTTP:
		return httpGate(ctx, in)
	case isCommand:
		return command(ctx, in)
	}
	return Verdict{}, fmt.Errorf("%q is neither a command nor an http target in this runner's phasemig.yaml", name)
}
