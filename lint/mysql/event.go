package mysql

import (
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// event judges what an event does each time; nobody stands by then. One that is made DISABLEd does nothing, and one that
// begins later does nothing yet: what is found in it is a warning.
func (j *judge) event(definition string, s lint.Statement) []lint.Finding {
	schedule, body := eventParts(definition)
	if body == "" || after(schedule, "DISABLE") {
		return nil
	}
	out := j.block(body, s)
	if startsLater(schedule) {
		for i := range out {
			out[i].Severity = min(out[i].Severity, lint.Warning)
			out[i].Message += " (each time that the event runs, and it begins later)"
		}
	}
	return out
}

// alteredEvent judges an event that is switched on, or that gets another body.
func (j *judge) alteredEvent(p *statement, s lint.Statement) []lint.Finding {
	e := j.routine("event " + p.name)
	if schedule, body := eventParts(p.body); body != "" || e == nil || !after(schedule, "ENABLE") {
		return j.event(p.body, s)
	}
	schedule, body := eventParts(e.Options["definition"])
	if body == "" || startsLater(schedule) {
		return nil
	}
	return j.block(body, s)
}

// eventParts cuts a definition at its DO, which the body begins with.
func eventParts(definition string) (schedule []lint.Token, body string) {
	t := tokens(definition)
	for i := range t {
		if t[i].Is("DO") {
			return t[:i], definition[t[i].Start:]
		}
	}
	return t, ""
}

// startsLater: AT and STARTS name a time. A linter has no clock, and takes a written date for one to come; CURRENT_TIMESTAMP
// with nothing added to it is now, and so is an EVERY without STARTS.
func startsLater(schedule []lint.Token) bool {
	for i := range schedule {
		if schedule[i].Is("STARTS") || schedule[i].Is("AT") {
			when := cutBy(schedule[i+1:], "ENDS")[0]
			return len(when) > 0 && (when[0].Kind == lint.String || after(when, "INTERVAL"))
		}
	}
	return false
}

// intervals are the units that EVERY takes.
var intervals = []string{"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "YEAR_MONTH", "DAY_HOUR", "DAY_MINUTE", "DAY_SECOND", "HOUR_MINUTE", "HOUR_SECOND", "MINUTE_SECOND"}

// scheduleFaults says why the server takes no such schedule.
func scheduleFaults(schedule []lint.Token) []string {
	date := map[string]string{}
	for i := 0; i+1 < len(schedule); i++ {
		t, next := schedule[i], schedule[i+1]
		switch {
		case t.Is("EVERY") && next.Is("-"), t.Is("EVERY") && next.Kind == lint.Number && strings.Trim(next.Text, "0") == "":
			return []string{"the interval of EVERY isn't positive"}
		case t.Is("EVERY") && i+2 < len(schedule) && (next.Kind == lint.Number || next.Kind == lint.String):
			if unit := schedule[i+2]; !slices.ContainsFunc(intervals, unit.Is) {
				return []string{"EVERY knows no " + unit.Text}
			}
		case (t.Is("STARTS") || t.Is("ENDS")) && next.Kind == lint.String:
			date[strings.ToUpper(t.Text)] = next.Value()
		}
	}
	if s, e := date["STARTS"], date["ENDS"]; s != "" && e != "" && e <= s {
		return []string{"the event ENDS before it STARTS"}
	}
	return nil
}
