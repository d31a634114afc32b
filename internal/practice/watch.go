package practice

import (
	"sync"
	"time"

	"github.com/phasemig/phasemig/drill"
	"github.com/phasemig/phasemig/engine"
)

// span is when a step was at work.
type span struct {
	drill.Timing
	begin, end time.Time
}

// watch keeps when steps begin and end, out of the engine's events.
type watch struct {
	mu    sync.Mutex
	spans []span
	next  func(engine.Event)
}

func (w *watch) event(e engine.Event) {
	w.mu.Lock()
	switch e := e.(type) {
	case engine.StepStarted:
		w.spans = append(w.spans, span{Timing: drill.Timing{Step: e.Step.ID}, begin: time.Now()})
	case engine.StepDone:
		if n := len(w.spans) - 1; n >= 0 {
			s := &w.spans[n]
			s.end, s.Elapsed, s.Rows = time.Now(), e.Elapsed, e.Rows
		}
	case engine.LockWaiting:
		if n := len(w.spans) - 1; n >= 0 {
			w.spans[n].Attempts++
		}
	case engine.StepUndone:
		w.spans = append(w.spans, span{Timing: drill.Timing{Step: e.Step}, end: time.Now()})
	}
	w.mu.Unlock()
	if w.next != nil {
		w.next(e)
	}
}

// take returns the spans of a move and forgets them. How long a step took to be undone stands in the result only.
func (w *watch) take(res engine.Result) []span {
	w.mu.Lock()
	defer w.mu.Unlock()
	took := map[string]time.Duration{}
	for _, s := range res.Steps {
		took[s.ID] = s.Elapsed
	}
	out := w.spans
	w.spans = nil
	for i := range out {
		s := &out[i]
		if s.begin.IsZero() {
			s.Elapsed = took[s.Step]
			s.begin = s.end.Add(-s.Elapsed)
		}
		if s.end.IsZero() { // it failed
			s.end = time.Now()
			s.Elapsed = s.end.Sub(s.begin)
		}
	}
	return out
}
