package gate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/pause"
)

// lagLimits are the settings of replica_lag.
type lagLimits struct {
	max, steady time.Duration
	unnamed     string
}

// longestSteady bounds a gate that is asked while its caller waits.
const longestSteady = 5 * time.Minute

func lagLimitsOf(p map[string]any) (l lagLimits, err error) {
	if l.max, err = duration(p, "max", 5*time.Second); err != nil {
		return l, err
	}
	if l.max == 0 {
		return l, errors.New("setting max: it must be more than nothing")
	}
	if l.steady, err = duration(p, "steady", 0); err != nil {
		return l, err
	}
	if l.steady > longestSteady {
		return l, fmt.Errorf("setting steady: at most %s, since the caller waits for so long", longestSteady)
	}
	l.unnamed, err = oneOf(p, "unnamed", "ask", "ignore")
	return l, err
}

// replicaLag passes when every replica of the plan applies within max what the target holds
// now. It is measured and not asked for: the log's end is read, and the replica is looked at until it has
// applied that, which no clock and no idle hour can make look better than it is. A replica whose replication
// is stopped says so by Replica.Lag. Settings: max (5s), steady (0: once is enough; else for how long it must hold),
// unnamed (ask: a reader of the log that the plan doesn't name keeps the gate shut; or ignore).
func replicaLag(ctx context.Context, in Input) (Verdict, error) {
	l, err := lagLimitsOf(in.Ref.Params)
	if err != nil {
		return Verdict{}, err
	}
	evidence := map[string]any{"max": l.max.String()}
	if v, over, err := strangers(ctx, in, l, evidence); over || err != nil {
		return v, err
	}
	if v, ok := noReplicas(in, evidence); ok {
		return v, nil
	}
	begin := time.Now()
	worst := map[string]time.Duration{}
	for round := 0; round == 0 || time.Since(begin) < l.steady; round++ {
		if round > 0 {
			if err := pause.For(ctx, min(time.Second, l.steady-time.Since(begin))); err != nil {
				return Verdict{}, err
			}
		}
		for _, name := range in.Plan.Replicas {
			took, late, err := applies(ctx, in, name, l.max)
			worst[name] = max(worst[name], took)
			evidence["replica "+name] = worst[name].Round(time.Millisecond).String()
			if err != nil {
				return Unsure(fmt.Sprintf("replica %s: %s", name, err), evidence), nil
			}
			if late != "" {
				return Unsure(fmt.Sprintf("replica %s lags: in %s it has not applied what the target held (%s)", name, l.max, late), evidence), nil
			}
		}
	}
	return Passed(fmt.Sprintf("%d replicas apply within %s what the target holds", len(in.Plan.Replicas), l.max), evidence), nil
}

// strangers keeps the gate shut while somebody reads the log whose lag nobody looks at.
func strangers(ctx context.Context, in Input, l lagLimits, evidence map[string]any) (Verdict, bool, error) {
	list, err := in.Unnamed(ctx)
	switch {
	case errors.Is(err, dberr.Denied):
		evidence["unnamed"] = "can't be told: " + err.Error()
		return Verdict{}, false, nil
	case err != nil:
		return Verdict{}, false, err
	case len(list) == 0:
		return Verdict{}, false, nil
	}
	evidence["unnamed"] = list
	if l.unnamed == "ignore" {
		return Verdict{}, false, nil
	}
	return Unsure(fmt.Sprintf("the plan doesn't name all who read the target's log: %s; name replicas under replicas in the change, or set unnamed: ignore", strings.Join(list, ", ")), evidence), true, nil
}

// applies measures how long a replica takes to apply what the target holds now. late says
// where it is when limit is over.
func applies(ctx context.Context, in Input, name string, limit time.Duration) (took time.Duration, late string, err error) {
	err = with(ctx, in, name, func(r Replica) error {
		if _, err := r.Lag(ctx); err != nil {
			return err
		}
		position, err := in.Position(ctx)
		if err != nil {
			return fmt.Errorf("read where the target's log ends: %w", err)
		}
		begin := time.Now()
		for {
			ok, said, err := r.Reached(ctx, position)
			took = time.Since(begin)
			if ok || err != nil {
				return err
			}
			if took >= limit {
				late = said
				return nil
			}
			if err := pause.For(ctx, min(50*time.Millisecond, limit-took)); err != nil {
				return err
			}
		}
	})
	return took, late, err
}
