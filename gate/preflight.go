package gate

import (
	"context"
	"strings"
)

// preflight passes when nothing on the server stands against the plan.
func preflight(ctx context.Context, in Input) (Verdict, error) {
	list, err := in.Preflight(ctx)
	if err != nil {
		return Verdict{}, err
	}
	var fatal, warn []string
	for _, f := range list {
		if f.OK {
			continue
		}
		line := f.Check + ": " + f.Detail
		if f.Fix != "" {
			line += " (mend: " + f.Fix + ")"
		}
		if f.Fatal {
			fatal = append(fatal, line)
		} else {
			warn = append(warn, line)
		}
	}
	evidence := map[string]any{"checks": len(list)}
	if len(warn) > 0 {
		evidence["warnings"] = warn
	}
	if len(fatal) > 0 {
		evidence["failures"] = fatal
		return Failed(strings.Join(fatal, "; "), evidence), nil
	}
	return Passed("nothing stands against it", evidence), nil
}
