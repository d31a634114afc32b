package serve

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
)

// Action is what an operation does.
type Action string

// The actions.
const (
	Apply    Action = "apply"
	Rollback Action = "rollback"
	Verify   Action = "verify"
)

// OperationStatus is where an operation is.
type OperationStatus string

// The statuses. Running and Waiting go on; the others are ends. Inconclusive: a gate isn't open yet, or the run is paused; ask for
// the same again later. Interrupted: stopped before its end by something that passes; the same again goes on.
const (
	Running      OperationStatus = "RUNNING"
	Waiting      OperationStatus = "WAITING" // for a gate, because the request said wait
	Succeeded    OperationStatus = "SUCCEEDED"
	Failed       OperationStatus = "FAILED"
	Inconclusive OperationStatus = "INCONCLUSIVE"
	Interrupted  OperationStatus = "INTERRUPTED"
	Canceled     OperationStatus = "CANCELED"
)

func (s OperationStatus) ended() bool { return s != Running && s != Waiting }

// spec is what is to be done. Two requests with equal specs ask for the same operation.
type spec struct {
	Environment string          `json:"environment"`
	Run         string          `json:"run"`
	Action      Action          `json:"action"`
	Phase       plans.PhaseName `json:"phase,omitempty"`
	All         bool            `json:"all,omitempty"`
	LoseRows    bool            `json:"lose_rows,omitempty"`
	Wait        bool            `json:"wait,omitempty"`
	// Revision of the application that the call belongs to; OldInstancesGone says why contract may go though no gate tells
	// that none of an old one lives.
	Revision         string `json:"revision,omitempty"`
	OldInstancesGone string `json:"old_instances_gone,omitempty"`
}

// Operation is what is told about one. Status and Progress are text from the first answer on, as Spinnaker wants.
type Operation struct {
	ID string `json:"operation"`
	spec
	Name      string               `json:"name"`
	PlanHash  string               `json:"plan_hash"`
	Status    OperationStatus      `json:"status"`
	Progress  string               `json:"progress"`
	Percent   *float64             `json:"percent,omitempty"`
	Requester string               `json:"requester"`
	Started   time.Time            `json:"started"`
	Ended     time.Time            `json:"ended,omitzero"`
	Exit      *int                 `json:"exit,omitempty"` // that of the command line, once it has ended
	Attached  bool                 `json:"attached"`       // this request started nothing
	Live      *Live                `json:"live,omitempty"`
	Result    *engine.Result       `json:"result,omitempty"`
	Verified  *engine.VerifyResult `json:"verified,omitempty"`
	Problem   *Problem             `json:"error,omitempty"`
	StatusURL string               `json:"status_url"`
	CancelURL string               `json:"cancel_url"`
}

// Live is how a step that works on rows goes.
type Live struct {
	Step       string   `json:"step"`
	Rows       int64    `json:"rows"`
	Total      int64    `json:"total"` // an estimate; 0: unknown
	Rate       float64  `json:"rows_per_second"`
	ETASeconds float64  `json:"eta_seconds,omitempty"`
	Hold       string   `json:"hold,omitempty"`
	LagSeconds *float64 `json:"lag_seconds,omitempty"` // the worst of the replicas that are watched
}

// operation is one at work, or one that has ended.
type operation struct {
	plan   *plans.Plan
	cancel context.CancelCauseFunc

	mu     sync.Mutex
	view   Operation
	asked  bool // its cancelation was asked for
	unsaid bool // an approval is missing, as the gates were asked last
}

// show is the operation as it is now.
func (o *operation) show() Operation {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := o.view
	if v.Live != nil {
		live := *v.Live
		v.Live = &live
	}
	return v
}

func (o *operation) change(f func(*Operation)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f(&o.view)
}

// observe follows the engine's events.
func (o *operation) observe(ev engine.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := &o.view
	switch ev := ev.(type) {
	case engine.PhaseStarted:
		v.Progress = string(ev.Phase) + " has begun"
	case engine.StepStarted:
		v.Progress, v.Live, v.Percent = ev.Step.ID+" is at work", nil, nil
	case engine.StepDone:
		v.Progress = ev.Step + " is done"
	case engine.StepUndone:
		v.Progress = ev.Step + " is taken back"
	case engine.Progress:
		v.follow(ev)
	case engine.Throttled:
		if v.Live != nil {
			v.Live.Hold, v.Live.LagSeconds = ev.Reason, lagOf(ev)
		}
	case engine.LockWaiting:
		v.Progress = fmt.Sprintf("%s waits for a lock, attempt %d", ev.Step, ev.Attempt)
	case engine.GateChecked:
		if ev.Gate == "approval" {
			o.unsaid = ev.Verdict.State != gate.Pass
		}
	}
}

func (v *Operation) follow(ev engine.Progress) {
	lag := (*float64)(nil)
	if v.Live != nil && ev.Hold != "" {
		lag = v.Live.LagSeconds
	}
	v.Live = &Live{Step: ev.Step, Rows: ev.Rows, Total: ev.Total, Rate: ev.Rate, ETASeconds: ev.ETA.Seconds(), Hold: ev.Hold, LagSeconds: lag}
	words := []string{fmt.Sprintf("%s: %d rows", ev.Step, ev.Rows)}
	if ev.Total > 0 {
		percent := min(100*float64(ev.Rows)/float64(ev.Total), 100)
		v.Percent = &percent
		words[0] = fmt.Sprintf("%s: %.1f%%", ev.Step, percent)
	}
	if ev.ETA > 0 {
		words = append(words, ev.ETA.Round(time.Second).String()+" left")
	}
	if ev.Hold != "" {
		words = append(words, ev.Hold)
	}
	v.Progress = strings.Join(words, ", ")
}

// lagOf is the worst lag among the signals of a throttle.
func lagOf(ev engine.Throttled) *float64 {
	var worst *float64
	for _, s := range ev.Signals {
		if s.Name == "replica_lag" && (worst == nil || s.Value > *worst) {
			worst = &s.Value
		}
	}
	return worst
}
