package cli

import (
	"context"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/state"
)

// steeredResult is the document of pause, resume and throttle.
type steeredResult struct {
	Run     string        `json:"run"`
	Name    string        `json:"name"`
	Status  state.Status  `json:"status"`
	Control state.Control `json:"control"`
}

// steered tells what the run's controls are now, as read back from the server.
func (p *program) steered(ctx context.Context, e *engine.Engine, r state.Run, word string) error {
	rep, err := e.Status(ctx, r.ID)
	if err != nil {
		return err
	}
	p.emit(steeredResult{r.ID, r.Name, rep.Status, rep.Control}, func(g *page) { g.line("%s (%s) %s", r.Name, r.ID, word) })
	return nil
}
