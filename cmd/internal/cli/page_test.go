package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
)

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		number(0): "0", number(999): "999", number(1000): "1,000", number(-1234567): "-1,234,567",
		size(999): "999 B", size(1_500): "1.5 kB", size(45_000_000): "45 MB", size(2_000_000_000_000): "2 TB",
		duration(1500 * time.Microsecond): "2ms", duration(90 * time.Second): "1m30s", duration(2 * time.Hour): "2h", duration(time.Minute): "1m",
		plural(1, "row", "rows"): "1 row", plural(2000, "row", "rows"): "2,000 rows",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	got := strings.Join(wrap("one two  three\nfour averyverylongword five", 9), "|")
	if want := "one two|three|four|averyverylongword|five"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestClean: text from a server or a plan can't steer the terminal.
func TestClean(t *testing.T) {
	g := &page{width: 80, style: true}
	g.line("%s %s", g.style.bold("a\x1b[2Jb"), "c\x1b]0;x\x07d\u009b")
	g.labeled(0, "l", "e\x1b[31m")
	g.table(0, []string{"h"}, [][]string{{"f\x1b[1m\ng"}})
	out := strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "", "\x1b[2m", "").Replace(string(g.bytes()))
	if strings.ContainsAny(out, "\x1b\x07\u009b") {
		t.Errorf("control characters are left: %q", out)
	}
	if !strings.Contains(out, "e\uFFFD[31m") {
		t.Errorf("the text is gone: %q", out)
	}
}

func TestRedact(t *testing.T) {
	p := &program{secrets: []string{"s3cr3t", "abc"}}
	for in, want := range map[string]string{
		"open postgres://u:p%40w@h/db: no":            "open postgres://u:***@h/db: no",
		"mysql://u:a@b/c@h:3306/db":                   "mysql://u:***@h:3306/db",
		"postgres://h/db?password=x&sslmode=disable":  "postgres://h/db?password=***&sslmode=disable",
		"user u with s3cr3t":                          "user u with ***",
		"abc is too short to be looked for by itself": "abc is too short to be looked for by itself",
		"at 10:00 a@b and http://h/x":                 "at 10:00 a@b and http://h/x",
	} {
		if got := p.redact(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestWatcher: where nobody watches, progress is a line every ten seconds at most.
func TestWatcher(t *testing.T) {
	var out strings.Builder
	clock := time.Unix(0, 0)
	w := &watcher{p: &program{format: formatText}, out: &out, now: func() time.Time { return clock }}
	for range 60 {
		clock = clock.Add(500 * time.Millisecond)
		w.event(engine.Progress{Step: "expand.3.backfill", Rows: 1000, Total: 4000, Rate: 123.4, ETA: 30 * time.Second})
	}
	if n := strings.Count(out.String(), "\n"); n != 3 {
		t.Errorf("%d lines in 30 s:\n%s", n, out.String())
	}
	if want := "expand.3.backfill 1,000 of ~4,000 rows (25%) · 123 rows/s · 30s to go"; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in\n%s", want, out.String())
	}
}

// TestWatcherRepeats: who waits asks many times; only what is new stays on the screen.
func TestWatcherRepeats(t *testing.T) {
	var out strings.Builder
	w := &watcher{p: &program{format: formatText}, out: &out, now: func() time.Time { return time.Unix(0, 0) }, last: time.Unix(0, 0)}
	for range 5 {
		w.event(engine.RunAttached{Run: "0123", Name: "n", Status: "expanded", Resumed: true})
		w.event(engine.GateChecked{Phase: "switch", Gate: "flag", Verdict: gate.Unsure("not yet", nil)})
		w.event(engine.Waiting{Reason: "gate flag", Pause: time.Second})
	}
	w.event(engine.GateChecked{Phase: "switch", Gate: "flag", Verdict: gate.Passed("on", nil)})
	want := "run 0123 (n) goes on: expanded\n  … gate flag: not yet\n  waiting, next try in 1s: gate flag\n  ✓ gate flag: on\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestEventWords(t *testing.T) {
	var out strings.Builder
	w := &watcher{p: &program{format: formatText}, out: &out, now: time.Now}
	w.event(engine.RunAttached{Run: "0123", Name: "n", Status: "expanding", Resumed: true})
	w.event(engine.LockWaiting{Step: "s", Attempt: 2, Pause: time.Second, Holders: []dialect.Holder{{Session: "17", User: "bob", Query: "SELECT '\x1b[2J'"}}})
	w.event(engine.Throttled{Step: "s", Reason: "slowed to 25 %: latency 9 of 10 ms", Share: 0.25})
	want := "run 0123 (n) goes on: expanding\n  s: lock not granted (attempt 2), next try in 1s\n    held by session 17 of bob: SELECT '\uFFFD[2J'\n  s is slowed to 25 %: latency 9 of 10 ms\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// TestLines: an event is one JSON line with its kind in front.
func TestLines(t *testing.T) {
	var out strings.Builder
	p := &program{format: formatLines, Host: Host{Stdout: &out}}
	w := &watcher{p: p}
	w.event(engine.StepDone{Step: "a", Rows: 3})
	p.result = engine.Result{Run: "r"}
	p.printEnd(nil)
	p.printEnd(&problem{Class: "held", Message: "m", Exit: 6})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{`{"event":"step_done","step":"a","rows":3,`, `{"event":"result","run":"r",`, `{"event":"error","error":{"class":"held","message":"m","exit":6},"result":{"run":"r"`} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d: want %s in\n%s", i, want, out.String())
		}
	}
}
