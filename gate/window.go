package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// window passes on some days between two times of day, and never in a freeze. The clock
// is the database's; the days are those of a time zone. Settings: days (mon-fri; "sat,sun",
// "tue-thu"), from and to ("09:00"; a window may go over midnight and is then of the day on which it
// opens), zone (UTC), least (0: how much of the window must be left), freeze (a list of days
// "2026-12-24" and ranges "2026-12-20..2027-01-06", ends included).
func window(_ context.Context, in Input) (Verdict, error) {
	w, err := windowOf(in.Ref.Params)
	if err != nil {
		return Verdict{}, err
	}
	now := in.Now.In(w.zone)
	evidence := map[string]any{"now": now.Format("Mon 2006-01-02 15:04 MST"), "window": w.String()}
	if f := w.frozen(now); f != "" {
		v := Unsure("a freeze is on: "+f, evidence)
		v.Retry = w.opening(now).Sub(now)
		return v, nil
	}
	left, open := w.left(now)
	switch {
	case open && left >= w.least:
		return Passed(fmt.Sprintf("inside the window (%s), %s are left", w, left.Round(time.Minute)), evidence), nil
	case open:
		evidence["left"] = left.Round(time.Second).String()
		v := Unsure(fmt.Sprintf("only %s of the window (%s) are left, and %s are wanted", left.Round(time.Minute), w, w.least), evidence)
		v.Retry = w.opening(now.Add(left)).Sub(now)
		return v, nil
	}
	next := w.opening(now)
	v := Unsure(fmt.Sprintf("outside of the window (%s); it opens %s", w, next.Format("Mon 2006-01-02 15:04 MST")), evidence)
	v.Retry = next.Sub(now)
	return v, nil
}

// hours is a window: of each of its days, from a minute of the day to another.
type hours struct {
	days     []time.Weekday
	from, to int // minutes; to ≤ from: over midnight
	zone     *time.Location
	least    time.Duration
	freeze   []days
	text     string
}

// days is a range of dates, ends included, as "2026-12-24".
type days struct{ first, last string }

func (w hours) String() string { return w.text }

func windowOf(p map[string]any) (hours, error) {
	var w hours
	var err error
	name := text(p, "days", "mon-fri")
	if w.days, err = weekdays(name); err != nil {
		return w, err
	}
	from, to := text(p, "from", "00:00"), text(p, "to", "24:00")
	if w.from, err = minuteOfDay("from", from); err != nil {
		return w, err
	}
	if w.to, err = minuteOfDay("to", to); err != nil {
		return w, err
	}
	zone := text(p, "zone", "UTC")
	if w.zone, err = time.LoadLocation(zone); err != nil || zone == "Local" {
		return w, fmt.Errorf("setting zone: %q is no time zone like Europe/Berlin", zone)
	}
	if w.least, err = duration(p, "least", 0); err != nil {
		return w, err
	}
	w.text = fmt.Sprintf("%s %s–%s %s", name, from, to, zone)
	w.freeze, err = freezes(p["freeze"])
	return w, err
}

func text(p map[string]any, name, def string) string {
	if s, ok := p[name].(string); ok && s != "" {
		return s
	}
	return def
}

var weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// weekdays reads "mon-fri" and "sat,sun".
func weekdays(s string) ([]time.Weekday, error) {
	var out []time.Weekday
	for _, part := range strings.Split(strings.ToLower(s), ",") {
		first, last, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			last = first
		}
		a, b := slices.Index(weekdayNames, first), slices.Index(weekdayNames, last)
		if a < 0 || b < 0 {
			return nil, fmt.Errorf("setting days: want days like mon-fri or sat,sun, got %q", s)
		}
		for d := a; ; d = (d + 1) % 7 {
			out = append(out, time.Weekday(d))
			if d == b {
				break
			}
		}
	}
	return out, nil
}

func minuteOfDay(name, s string) (int, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("setting %s: want a time of day like 09:00, got %q", name, s)
	}
	return t.Hour()*60 + t.Minute(), nil
}

func freezes(v any) ([]days, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("setting freeze: want a list of days, got %v", v)
	}
	var out []days
	for _, one := range list {
		first, last, ranged := strings.Cut(dayText(one), "..")
		if !ranged {
			last = first
		}
		for _, d := range []string{first, last} {
			if _, err := time.Parse(time.DateOnly, d); err != nil {
				return nil, fmt.Errorf("setting freeze: want a day like 2026-12-24 or a range 2026-12-20..2027-01-06, got %q", one)
			}
		}
		if last < first {
			return nil, fmt.Errorf("setting freeze: the range %q ends before it begins", one)
		}
		out = append(out, days{first, last})
	}
	return out, nil
}

// dayText: a day that stands in YAML without quotes comes as a time, and out of a plan as
// the text of one.
func dayText(v any) string {
	if t, ok := v.(time.Time); ok {
		return t.Format(time.DateOnly)
	}
	return strings.TrimSuffix(fmt.Sprint(v), "T00:00:00Z")
}

// frozen names the freeze that a moment lies in.
func (w hours) frozen(now time.Time) string {
	day := now.Format(time.DateOnly)
	for _, f := range w.freeze {
		if day < f.first || day > f.last {
			continue
		}
		if f.first == f.last {
			return f.first
		}
		return f.first + " to " + f.last
	}
	return ""
}

// on is the window that opens on the day of a moment. Where the clocks change it is as long
// as the times of day say.
func (w hours) on(day time.Time) (open, shut time.Time, ok bool) {
	at := func(minute, later int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day()+later, 0, minute, 0, 0, w.zone)
	}
	open, shut = at(w.from, 0), at(w.to, 0)
	if w.to <= w.from {
		shut = at(w.to, 1)
	}
	return open, shut, slices.Contains(w.days, day.Weekday())
}

// left is how much of the window is left; ok is false outside of it. It ends where a freeze
// begins.
func (w hours) left(now time.Time) (left time.Duration, ok bool) {
	for _, back := range []int{0, -1} { // one of yesterday may go over midnight
		open, shut, of := w.on(now.AddDate(0, 0, back))
		if !of || now.Before(open) || !now.Before(shut) {
			continue
		}
		midnight := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, w.zone)
		if shut.After(midnight) && w.frozen(midnight) != "" {
			shut = midnight
		}
		return shut.Sub(now), true
	}
	return 0, false
}

// opening is when a window opens next that no freeze is on for, within a year.
func (w hours) opening(now time.Time) time.Time {
	var open time.Time
	for ahead := range 367 {
		var of bool
		open, _, of = w.on(now.AddDate(0, 0, ahead))
		if of && open.After(now) && w.frozen(open) == "" {
			break
		}
	}
	return open
}
