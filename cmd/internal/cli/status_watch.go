package cli

import (
	"context"
	"strings"
	"time"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

// lookEvery is how often a run is looked at that another process carries out: as often as that one
// stores a sample.
const lookEvery = time.Second

// watchRun shows a run from its state until it is over or ctx ends, which is no error.
func (p *program) watchRun(ctx context.Context, e *engine.Engine, id string) error {
	w := p.watcher()
	err := w.during(ctx, func() error {
		for first := true; ; first = false {
			g, err := e.Glance(ctx, id)
			if err != nil {
				return err
			}
			w.look(sceneOf(g), first)
			if over(g.Status) {
				return nil
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(lookEvery):
			}
		}
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// over: nobody will do more about the run unless asked to.
func over(st state.Status) bool {
	return st == state.Done || st == state.RolledBack || st == state.Aborted
}

// look takes what was read; where there is no view a line is written now and then, the first one at once.
func (w *watcher) look(s scene, first bool) {
	w.mu.Lock()
	before := w.scene
	w.scene = s
	live := w.screen != nil
	w.mu.Unlock()
	if live {
		w.redraw()
		return
	}
	if first || before.step != s.step || before.status != s.status {
		w.last = time.Time{} // news are told at once
	}
	w.progress(s.line())
}

// line is the scene in one line.
func (s scene) line() string {
	words := []string{s.name, string(s.phase), strings.ReplaceAll(s.status, "_", " ")}
	if s.step != "" {
		p := s.sample
		words = append(words, progressWords(engine.Progress{Step: s.step, Rows: p.Rows, Total: p.Total, Rate: p.Rate, ETA: p.ETA(), Hold: p.Hold}))
	}
	return strings.Join(append(words, s.waits...), " · ")
}
