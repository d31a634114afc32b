package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
)

// quiet is the least time between two lines of progress where nobody watches.
const quiet = 10 * time.Second

// watcher shows what the engine does: JSON lines on stdout if they were asked
// for, else words on stderr. On a terminal progress is a view at its lower end that is
// drawn over; elsewhere it is a line now and then.
type watcher struct {
	p     *program
	out   io.Writer
	style style
	now   func() time.Time
	begin time.Time
	plan  *plans.Plan // of the call; nil where it isn't known before

	mu     sync.Mutex // for the clock that redraws
	screen *screen    // nil: no terminal, or the view is closed
	scene  scene
	tally  tally
	last   time.Time // of the last line of progress
	// What was said before is told as progress when it comes again: who waits tries many times.
	gates    map[string]gate.State
	attached bool
	waiting  bool
}

// watcher is made when the form of the result is known.
func (p *program) watcher() *watcher {
	now := time.Now()
	w := &watcher{p: p, out: p.Stderr, style: styleOf(p.Stderr, p.Getenv), now: time.Now, begin: now, last: now}
	if p.livens() {
		w.screen = &screen{out: p.Stderr, size: terminalSize(p.Stderr)}
	}
	return w
}

// livens: somebody looks, at both streams, and at nothing that a machine is to read.
func (p *program) livens() bool {
	_, errs := terminal(p.Stderr)
	_, out := terminal(p.Stdout)
	return errs && out && p.Getenv("TERM") != "dumb" && (p.format == formatText || p.format == formatJSON)
}

// redrawEvery is short enough for a clock of seconds, and for a terminal that is resized.
const redrawEvery = 250 * time.Millisecond

// during runs f while the view is kept up to date, and takes it off.
func (w *watcher) during(ctx context.Context, f func() error) error {
	defer w.close()
	if w.screen == nil {
		return f()
	}
	ctx, stop := context.WithCancel(ctx)
	var g errgroup.Group
	g.Go(func() error {
		defer stop()
		return f()
	})
	g.Go(func() error {
		t := time.NewTicker(redrawEvery)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-t.C:
				w.redraw()
			}
		}
	})
	return g.Wait()
}

// title heads the view of a call whose events don't name the run.
func (w *watcher) title(name, status string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scene.name, w.scene.status = name, status
}

func (w *watcher) redraw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.screen != nil && w.scene.name != "" {
		w.screen.draw(w.lines())
	}
}

func (w *watcher) lines() []string {
	columns, _ := w.screen.room()
	return w.scene.draw(w.now(), columns, w.style)
}

// close takes the view off the screen for good.
func (w *watcher) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.screen != nil {
		w.screen.clear()
		w.screen = nil
	}
}

// summary is what the call saw, in one line.
func (w *watcher) summary() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.p.redact(w.tally.words(w.now().Sub(w.begin)))
}

func (w *watcher) event(e engine.Event) {
	if w.p.format == formatLines {
		w.p.line(e.Kind(), e)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.see(e)
	w.scene.see(e, w.plan, w.now())
	switch e := e.(type) {
	case engine.Progress:
		w.progress(progressWords(e))
	case engine.GateChecked:
		w.gate(e)
	case engine.RunAttached:
		w.again(&w.attached, attached(e))
	case engine.Waiting:
		w.again(&w.waiting, fmt.Sprintf("  waiting, next try in %s: %s", duration(e.Pause), e.Reason))
	case engine.Throttled:
		w.progress(e.Step + " is " + e.Reason)
	case engine.Sampled: // for the view alone
	default:
		for _, l := range w.words(e) {
			w.say("", l)
		}
	}
}

// gate says a verdict, and a verdict that it was before as progress.
func (w *watcher) gate(e engine.GateChecked) {
	at, text := string(e.Phase)+" "+e.Gate, fmt.Sprintf(" gate %s: %s", e.Gate, e.Verdict.Reason)
	if w.gates[at] == e.Verdict.State {
		w.progress(strings.TrimSpace(text))
		return
	}
	if w.gates == nil {
		w.gates = map[string]gate.State{}
	}
	w.gates[at] = e.Verdict.State
	w.say(w.mark(e.Verdict.State), text)
}

// again says a line the first time, and as progress from then on.
func (w *watcher) again(said *bool, l string) {
	if *said {
		w.progress(strings.TrimSpace(l))
		return
	}
	*said = true
	w.say("", l)
}

// say writes a line that stays.
func (w *watcher) say(head painted, l string) {
	text := fmt.Sprintf("%s%s\n", head, clean(w.p.redact(l)))
	if w.screen != nil && w.scene.name != "" {
		w.screen.above(text, w.lines())
		return
	}
	fmt.Fprint(w.out, text)
}

// progress shows what the view has anyway, where there is none.
func (w *watcher) progress(l string) {
	if w.screen != nil {
		return
	}
	if now := w.now(); now.Sub(w.last) >= quiet {
		w.last = now
		fmt.Fprintf(w.out, "  %s\n", clean(w.p.redact(l)))
	}
}

func (w *watcher) words(e engine.Event) []string {
	switch e := e.(type) {
	case engine.RunFollowed:
		return []string{fmt.Sprintf("run %s (%s) is %s: following %s, at work since %s", e.Run, e.Name, e.Status, e.Holder, moment(e.Since))}
	case engine.PhaseStarted:
		w.last = w.now() // a step's first line of progress comes after a while
		return []string{fmt.Sprintf("%s: %s", e.Phase, plural(int64(e.Steps), "step", "steps"))}
	case engine.PhaseDone:
		return []string{fmt.Sprintf("%s is done in %s", e.Phase, duration(e.Elapsed))}
	case engine.StepStarted:
		w.last = w.now()
		return []string{stepStarted(e)}
	case engine.StepDone:
		return []string{stepDone(e)}
	case engine.StepUndone:
		return []string{"  " + e.Step + " is taken back"}
	case engine.LockWaiting:
		return lockWords(e)
	case engine.BuildWaiting:
		return buildWords(e)
	case engine.Note:
		return []string{"  " + e.Text}
	}
	return nil
}

func (w *watcher) mark(s gate.State) painted { return "  " + mark(w.style, s) }

func mark(st style, s gate.State) painted {
	switch s {
	case gate.Pass:
		return st.green("✓")
	case gate.Fail:
		return st.red("✗")
	}
	return st.yellow("…")
}

func attached(e engine.RunAttached) string {
	if e.Resumed {
		return fmt.Sprintf("run %s (%s) goes on: %s", e.Run, e.Name, e.Status)
	}
	return fmt.Sprintf("run %s (%s) begins", e.Run, e.Name)
}

func stepStarted(e engine.StepStarted) string {
	s := "  " + e.Step.ID + " …"
	if e.Resumed {
		s += " (goes on)"
	}
	return s
}

func stepDone(e engine.StepDone) string {
	s := fmt.Sprintf("  %s is done in %s", e.Step, duration(e.Elapsed))
	if e.Rows > 0 {
		s += ", " + plural(e.Rows, "row", "rows")
	}
	if e.Note != "" {
		s += ": " + e.Note
	}
	return s
}

func progressWords(e engine.Progress) string {
	s := e.Step + " " + number(e.Rows)
	if e.Total > 0 {
		s += fmt.Sprintf(" of ~%s rows (%d%%)", number(e.Total), min(100*e.Rows/e.Total, 100))
	} else {
		s += " rows"
	}
	if e.Rate > 0 {
		s += " · " + number(int64(e.Rate)) + " rows/s"
	}
	if e.ETA > 0 {
		s += " · " + duration(e.ETA) + " to go"
	}
	if e.Hold != "" {
		s += " · " + e.Hold
	}
	return s
}

func buildWords(e engine.BuildWaiting) []string {
	if len(e.Holders) == 0 {
		return []string{fmt.Sprintf("  %s: waits for nobody any more", e.Step)}
	}
	out := []string{fmt.Sprintf("  %s: waits, and nobody behind it, for transactions that began before", e.Step)}
	for _, h := range e.Holders {
		out = append(out, "    "+h.String())
	}
	return out
}

func lockWords(e engine.LockWaiting) []string {
	out := []string{fmt.Sprintf("  %s: lock not granted (attempt %d), next try in %s", e.Step, e.Attempt, duration(e.Pause))}
	for _, h := range e.Holders {
		out = append(out, "    held by "+h.String())
	}
	return out
}
