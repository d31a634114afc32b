package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
)

// quiet is the least time between two lines of progress where nobody watches.
const quiet = 10 * time.Second

// watcher shows what the engine does: JSON lines on stdout if they were asked
// for, else words on stderr. On a terminal progress is one line that is
// written over; elsewhere it is a line now and then.
type watcher struct {
	p     *program
	out   io.Writer
	live  bool
	width int
	style style
	now   func() time.Time
	last  time.Time // of the last line of progress
	shown bool      // a live line is on the screen
	// What was said before is told as progress when it comes again: who waits tries many times.
	gates    map[string]gate.State
	attached bool
	waiting  bool
}

func (p *program) watcher() *watcher {
	columns, live := terminal(p.Stderr)
	return &watcher{p: p, out: p.Stderr, live: live, width: columns, style: styleOf(p.Stderr, p.Getenv), now: time.Now, last: time.Now()}
}

// close takes the live line off the screen.
func (w *watcher) close() {
	if w.shown {
		fmt.Fprint(w.out, "\r\x1b[2K")
		w.shown = false
	}
}

func (w *watcher) event(e engine.Event) {
	if w.p.format == formatLines {
		w.p.line(e.Kind(), e)
		return
	}
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
	w.close()
	fmt.Fprintf(w.out, "%s%s\n", head, clean(w.p.redact(l)))
}

// progress shows a line that the next one replaces.
func (w *watcher) progress(l string) {
	l = "  " + clean(w.p.redact(l))
	if w.live {
		fmt.Fprint(w.out, "\r\x1b[2K"+fit(l, w.width-1))
		w.shown = true
		return
	}
	if now := w.now(); now.Sub(w.last) >= quiet {
		w.last = now
		fmt.Fprintln(w.out, l)
	}
}

// fit cuts a line: one that wraps can't be written over.
func fit(s string, room int) string {
	if utf8.RuneCountInString(s) <= room {
		return s
	}
	return string([]rune(s)[:max(room-1, 0)]) + "…"
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
