package demo

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/plans"
)

// event tells what the engine does.
func (d *show) event(e engine.Event) {
	switch e := e.(type) {
	case engine.GateChecked:
		d.screen.line("gate %-20s %s: %s", e.Gate, e.Verdict.State, e.Verdict.Reason)
	case engine.StepStarted:
		d.screen.at(string(e.Step.Kind))
	case engine.Progress:
		d.screen.at(progress(e))
	case engine.StepDone:
		d.stepDone(e)
	case engine.LockWaiting:
		d.screen.line("%s waits for its lock, attempt %d", e.Step, e.Attempt)
	case engine.Note:
		d.screen.line("%s", e.Text)
	}
}

func (d *show) stepDone(e engine.StepDone) {
	d.screen.at("")
	st, ok := d.plan.Step(e.Step)
	if ok && st.Kind == plans.Backfill {
		d.report.filled += e.Rows
		d.report.filling += e.Elapsed
	}
	text := fmt.Sprintf("%-24s %8s", e.Step, seconds(e.Elapsed))
	if e.Rows > 0 {
		text += "  " + plural(e.Rows, "row")
	}
	d.screen.line("%s", text)
}

const barWidth = 24

func progress(e engine.Progress) string {
	text := fmt.Sprintf("%s %s rows", e.Step, grouped(e.Rows))
	if e.Total > 0 {
		full := int(min(e.Rows*barWidth/e.Total, barWidth))
		text = fmt.Sprintf("%s %s%s %3d %%", e.Step, strings.Repeat("█", full), strings.Repeat("░", barWidth-full), min(e.Rows*100/e.Total, 100))
	}
	if e.Rate > 0 {
		text += fmt.Sprintf(" · %s rows/s", grouped(int64(e.Rate)))
	}
	if e.Hold != "" {
		text += " · held: " + e.Hold
	}
	return text
}
