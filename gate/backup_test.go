package gate

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/phasemig/phasemig/plans"
)

func TestBackup(t *testing.T) {
	status, body := 200, ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer srv.Close()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	in := input("backup", map[string]any{"target": "b", "max_age": "12h"})
	in.Now = now
	want(t, in, Inconclusive, `backups target "b" is not defined`)
	plain, inField := &HTTP{URL: srv.URL}, &HTTP{URL: srv.URL, Field: "last.ended"}
	says := func(script string) *Command {
		return &Command{Argv: []string{"sh", "-c", script}, Timeout: 500 * time.Millisecond}
	}
	for _, c := range []struct {
		from   Backup
		status int
		body   string
		state  State
		says   string
	}{
		{Backup{HTTP: plain}, 200, "2026-11-26T03:00:00Z\n", Pass, "is 9h0m0s old"},
		{Backup{HTTP: plain}, 200, "2026-11-26T01:00:00+02:00", Fail, "is 13h0m0s old, and may be 12h0m0s"},
		{Backup{HTTP: plain}, 200, fmt.Sprint(now.Add(-time.Hour).Unix()), Pass, "1h0m0s"},
		{Backup{HTTP: inField}, 200, `{"last":{"ended":"2026-11-26T03:00:00Z"}}`, Pass, "9h"},
		{Backup{HTTP: inField}, 200, fmt.Sprintf(`{"last":{"ended":%d}}`, now.Add(-time.Hour).Unix()), Pass, "1h0m0s"},
		{Backup{HTTP: inField}, 200, `{"last":{}}`, Inconclusive, "no field"},
		{Backup{HTTP: plain}, 200, "yesterday", Inconclusive, "no moment"},
		{Backup{HTTP: plain}, 200, "", Inconclusive, "no moment"},
		{Backup{HTTP: plain}, 200, "2026-11-26T12:01:00Z", Pass, "is 0s old"},
		{Backup{HTTP: plain}, 200, "2026-11-27T03:00:00Z", Inconclusive, "in the future"},
		{Backup{HTTP: plain}, 404, "2026-11-26T03:00:00Z", Inconclusive, "status 404"},
		{Backup{Command: says("echo looking; echo 2026-11-26T03:00:00Z")}, 0, "", Pass, "9h"},
		{Backup{Command: says("echo 2026-11-26T03:00:00Z; exit 1")}, 0, "", Inconclusive, "exit status 1"},
		{Backup{Command: says("sleep 5")}, 0, "", Inconclusive, "in time"},
	} {
		status, body = c.status, c.body
		in.Targets.Backups = map[string]Backup{"b": c.from}
		want(t, in, c.state, c.says)
	}
	srv.Close()
	in.Targets.Backups = map[string]Backup{"b": {HTTP: plain}}
	want(t, in, Inconclusive, "gave no answer")
	for _, p := range []map[string]any{{"max_age": "0s"}, {"max_age": 5}, {"age": "1h"}} {
		if Validate(plans.GateRef{Kind: "backup", Params: p}) == nil {
			t.Errorf("%v is taken", p)
		}
	}
	if (Targets{Backups: map[string]Backup{"b": {}}}).Validate() == nil {
		t.Error("a backup without a source is taken")
	}
}

func TestSmoke(t *testing.T) {
	status := 200
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer srv.Close()
	in := input("smoke", map[string]any{"old": "v41", "new": "v42"})
	want(t, in, Inconclusive, `old: "v41" is neither a command nor an http target`)
	run := func(exit int) map[string]Command {
		return map[string]Command{"v41": {Argv: []string{"sh", "-c", fmt.Sprint("exit ", exit)}}}
	}
	in.Targets.HTTP = map[string]HTTP{"v42": {URL: srv.URL, Fail: []int{500}}}
	in.Targets.Commands = run(0)
	want(t, in, Pass, "old: command v41: exit 0; new: http v42: status 200")
	in.Targets.Commands = run(75)
	want(t, in, Inconclusive, "exit 75")
	in.Targets.Commands = run(1)
	want(t, in, Fail, "exit 1")
	status = 503
	want(t, in, Fail, "new: http v42: status 503")
	in.Targets.Commands = run(75)
	status = 500
	want(t, in, Fail, "status 500")
	in.Targets.Commands["v42"] = Command{Argv: []string{"true"}}
	want(t, in, Inconclusive, "both a command and an http target")
	in.Ref.Params = map[string]any{"old": "v41"}
	in.Targets.Commands = run(0)
	want(t, in, Pass, "old: ")
	for _, p := range []map[string]any{nil, {"old": ""}, {"older": "x"}, {"new": 5}} {
		if Validate(plans.GateRef{Kind: "smoke", Params: p}) == nil {
			t.Errorf("%v is taken", p)
		}
	}
}
