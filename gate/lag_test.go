package gate

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
)

// lateReplica applies a position after it was looked at n times.
type lateReplica struct {
	n       int
	stopped error
}

func (r *lateReplica) Sessions(context.Context) ([]Session, error) { return nil, nil }

func (r *lateReplica) References() References { return nil }

func (r *lateReplica) Lag(context.Context) (time.Duration, error) { return 0, r.stopped }

func (r *lateReplica) Reached(context.Context, string) (bool, string, error) {
	r.n--
	return r.n < 0, "at p0", nil
}

func TestReplicaLag(t *testing.T) {
	in := input("replica_lag", map[string]any{"max": "200ms"})
	var unnamed []string
	var denied error
	in.Unnamed = func(context.Context) ([]string, error) { return unnamed, denied }
	in.Position = func(context.Context) (string, error) { return "p1", nil }
	want(t, in, Pass, "no replicas")
	in.Plan.Replicas = nil
	want(t, in, Inconclusive, "names no replica")

	in.Plan.Replicas = plans.Replicas{"r1"}
	r := &lateReplica{}
	asked := 0
	in.Replica = func(context.Context, string) (Replica, func() error, error) {
		asked++
		return r, func() error { return nil }, nil
	}
	want(t, in, Pass, "1 replicas apply within 200ms")
	r.n = 2
	want(t, in, Pass, "apply within")
	r.n = 1000
	want(t, in, Inconclusive, "in 200ms it has not applied what the target held (at p0)")
	*r = lateReplica{stopped: errors.New("replication is stopped")}
	want(t, in, Inconclusive, "replication is stopped")

	*r = lateReplica{}
	unnamed = []string{"10.0.0.9"}
	want(t, in, Inconclusive, "doesn't name all who read the target's log: 10.0.0.9")
	in.Ref.Params["unnamed"] = "ignore"
	want(t, in, Pass, "")
	delete(in.Ref.Params, "unnamed")
	unnamed, denied = nil, dberr.Mark(dberr.Denied, fmt.Errorf("no right to look"))
	want(t, in, Pass, "")

	in.Ref.Params["steady"], asked = "150ms", 0
	want(t, in, Pass, "")
	if asked < 2 {
		t.Errorf("steady for 150 ms, and asked %d times", asked)
	}
	in.Position = func(context.Context) (string, error) { return "", errors.New("keeps no log") }
	want(t, in, Inconclusive, "keeps no log")
}

func TestReplicaLagSettings(t *testing.T) {
	for _, p := range []map[string]any{{"max": "0s"}, {"max": 5}, {"steady": "6m"}, {"unnamed": "no"}, {"least": "1s"}} {
		if err := Validate(plans.GateRef{Kind: "replica_lag", Params: p}); err == nil {
			t.Errorf("%v is taken", p)
		}
	}
}
