package gate

import (
	"context"
	"fmt"
)

// caughtUp reports whether every replica of the plan has applied the position.
// Which replicas exist must have been said: a reader on a forgotten one sees the
// new column empty although the primary is done.
func caughtUp(ctx context.Context, in Input, position string) (Verdict, error) {
	evidence := map[string]any{"position": position}
	if in.Plan.Replicas.None() {
		evidence["replicas"] = "none"
		return Passed("no replicas", evidence), nil
	}
	if len(in.Plan.Replicas) == 0 {
		return Unsure("the plan names no replica: name them, or say `replicas: none` in the change", evidence), nil
	}
	for _, name := range in.Plan.Replicas {
		ok, said, err := reached(ctx, in, name, position)
		evidence["replica "+name] = said
		if err != nil {
			return Unsure(fmt.Sprintf("replica %s: %s", name, err), evidence), nil
		}
		if !ok {
			return Unsure(fmt.Sprintf("replica %s has not applied %s: it is at %s", name, position, said), evidence), nil
		}
	}
	return Passed(fmt.Sprintf("%d replicas are past %s", len(in.Plan.Replicas), position), evidence), nil
}

func reached(ctx context.Context, in Input, name, position string) (bool, string, error) {
	r, closeReplica, err := in.Replica(ctx, name)
	if err != nil {
		return false, "", err
	}
	ok, said, err := r.Reached(ctx, position)
	if cerr := closeReplica(); err == nil {
		err = cerr
	}
	return ok, said, err
}
