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
	if v, ok := noReplicas(in, evidence); ok {
		return v, nil
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

// noReplicas is the verdict where there is none to ask. Which replicas exist must have been
// said.
func noReplicas(in Input, evidence map[string]any) (Verdict, bool) {
	if in.Plan.Replicas.None() {
		evidence["replicas"] = "none"
		return Passed("no replicas", evidence), true
	}
	if len(in.Plan.Replicas) == 0 {
		return Unsure("the plan names no replica: name them, or say `replicas: none` in the change", evidence), true
	}
	return Verdict{}, false
}

func reached(ctx context.Context, in Input, name, position string) (bool, string, error) {
	var ok bool
	var said string
	err := with(ctx, in, name, func(r Replica) (err error) {
		ok, said, err = r.Reached(ctx, position)
		return err
	})
	return ok, said, err
}

// with opens a replica for as long as f works on it.
func with(ctx context.Context, in Input, name string, f func(Replica) error) error {
	r, closeReplica, err := in.Replica(ctx, name)
	if err != nil {
		return err
	}
	err = f(r)
	if cerr := closeReplica(); err == nil {
		err = cerr
	}
	return err
}
