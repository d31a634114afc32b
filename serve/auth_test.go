package serve

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// untouched fails if anything was stored on the server.
func (st *stage) untouched() {
	st.t.Helper()
	if got := dbtest.Query(st.t, st.dsn, "SELECT count(*) FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'display_name' AND table_schema IN ('public', current_schema())"); got[0][0] != "0" {
		st.t.Error("the table was changed")
	}
	var runs struct {
		Runs []any `json:"runs"`
	}
	st.call("read", "GET", "/v1/environments/prod/runs", nil).want(st.t, http.StatusOK, &runs)
	if len(runs.Runs) > 0 {
		st.t.Errorf("there are runs: %v", runs.Runs)
	}
}

// TestRefused: who may not, and what can't be read, is turned away and logged, and changes nothing.
func TestRefused(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	const operations = "/v1/environments/prod/operations"
	good := map[string]any{"action": "apply", "plan": st.file, "phase": "expand"}
	for name, c := range map[string]struct {
		token  string
		body   any
		header string
		status int
		class  string
	}{
		"no token":            {"", good, "X-A: b", 401, "unauthorized"},
		"an unknown token":    {"", good, "Authorization: Bearer pm_nobody", 401, "unauthorized"},
		"an empty token":      {"", good, "Authorization: Bearer ", 401, "unauthorized"},
		"another scheme":      {"", good, "Authorization: Basic " + st.secrets["run"], 401, "unauthorized"},
		"a hash as the token": {"", good, "Authorization: Bearer " + st.config.Tokens[2].Hash, 401, "unauthorized"},
		"the scope read":      {"read", good, "X-A: b", 403, "forbidden"},
		"the scope lint":      {"lint", good, "X-A: b", 403, "forbidden"},
		"the scope approve":   {"approve", good, "X-A: b", 403, "forbidden"},
		"another environment": {"elsewhere", good, "X-A: b", 403, "forbidden"},
		"another site":        {"run", good, "Origin: https://evil.example", 403, "cross_site"},
		"a cross-site fetch":  {"run", good, "Sec-Fetch-Site: cross-site", 403, "cross_site"},
		"no JSON":             {"run", "{", "X-A: b", 400, "malformed"},
		"an unknown field":    {"run", map[string]any{"action": "apply", "dsn": "postgres://evil/x", "plan": st.file}, "X-A: b", 400, "malformed"},
		"two documents":       {"run", `{"action":"apply","run":"x"} {}`, "X-A: b", 400, "malformed"},
		"no plan":             {"run", map[string]any{"action": "apply"}, "X-A: b", 400, "malformed"},
		"an unknown action":   {"run", map[string]any{"action": "drop", "run": "x"}, "X-A: b", 400, "malformed"},
		"an unknown phase":    {"run", map[string]any{"action": "apply", "plan": st.file, "phase": "x"}, "X-A: b", 400, "malformed"},
		"an unknown run":      {"run", map[string]any{"action": "apply", "run": "nobody"}, "X-A: b", 404, "not_found"},
		"too much":            {"run", strings.Repeat(" ", mostBody+1), "X-A: b", 413, "too_large"},
		"a long key":          {"run", good, "Idempotency-Key: " + strings.Repeat("k", longestKey+1), 400, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(st.log.String())
			st.call(c.token, "POST", operations, c.body, c.header).refused(t, c.status, c.class)
			if logged := st.log.String()[before:]; !strings.Contains(logged, c.class) {
				t.Errorf("not logged: %s", logged)
			}
		})
	}
	st.call("admin", "POST", "/v1/environments/nowhere/operations", good).refused(t, 404, "not_found")
	before := len(st.log.String())
	st.call("admin", "GET", "/v1/nothing", nil).refused(t, 404, "not_found")
	if logged := st.log.String()[before:]; !strings.Contains(logged, "/v1/nothing") {
		t.Errorf("not logged: %s", logged)
	}
	st.call("admin", "DELETE", operations, nil).refused(t, 405, "not_found")
	st.untouched()
	st.silent()
}

// silent fails if the log holds a secret.
func (st *stage) silent() {
	st.t.Helper()
	for name, secret := range st.secrets {
		if strings.Contains(st.log.String(), secret) {
			st.t.Errorf("the log holds the token of %s", name)
		}
	}
}

// TestEveryRouteAsks: each route that has a scope refuses a caller without a token, and one with every other
// scope but its own.
func TestEveryRouteAsks(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	open := map[string]bool{"health": true, "ready": true, "openapi": true, "flagger": true}
	for _, rt := range routes() {
		if rt.scope == "" {
			if !open[rt.id] {
				t.Errorf("%s %s asks nobody", rt.method, rt.path)
			}
			continue
		}
		path := strings.NewReplacer("{env}", "prod", "{phase}", "expand", "{run}", "x", "{operation}", "x").Replace(rt.path)
		st.call("", rt.method, path, nil).refused(t, 401, "unauthorized")
		for _, s := range Scopes() {
			if s != rt.scope && s != ScopeAdmin {
				st.call(string(s), rt.method, path, nil).refused(t, 403, "forbidden")
			}
		}
	}
}

// unreadable sends what is no request, or not all of one, and returns when the server has ended the connection and told so.
func (st *stage) unreadable(text string) (answer string) {
	st.t.Helper()
	before := strings.Count(st.log.String(), `"unreadable"`)
	c, err := net.Dial("tcp", strings.TrimPrefix(st.url, "http://"))
	st.must(err)
	defer c.Close()
	_, err = c.Write([]byte(text))
	st.must(err)
	st.must(c.SetReadDeadline(time.Now().Add(3 * headerTime)))
	b, err := io.ReadAll(c)
	if len(b) == 0 { // behind its answer the server resets a connection of which it hasn't read everything
		st.must(err)
	}
	st.until("a word in the log", func() bool { return strings.Count(st.log.String(), `"unreadable"`) > before })
	return string(b)
}

// TestUnreadable: what is no request gets no further than the connection, and is logged; a connection without a word is a probe.
func TestUnreadable(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	probe, err := net.Dial("tcp", strings.TrimPrefix(st.url, "http://"))
	st.must(err)
	st.must(probe.Close())
	for text, status := range map[string]string{"hello\r\n\r\n": "400", "GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 2*mostHeader) + "\r\n\r\n": "431"} {
		if a := st.unreadable(text); !strings.HasPrefix(a, "HTTP/1.1 "+status) {
			t.Errorf("%.20q is answered %.40q", text, a)
		}
	}
	st.untouched()
	if n := strings.Count(st.log.String(), `"unreadable"`); n != 2 {
		t.Errorf("%d connections are logged, not 2", n)
	}
}

// TestSlowLoris: who sends its headers a byte at a time loses the connection, and is logged.
func TestSlowLoris(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	begin := time.Now()
	if a := st.unreadable("POST /v1/environments/prod/operations HTTP/1.1\r\nHost: x\r\n"); a != "" && !strings.Contains(a, "408") || time.Since(begin) >= 3*headerTime {
		t.Errorf("after %s: %q", time.Since(begin), a)
	}
	st.untouched()
}

// TestTooManyAtATime: over the limit of operations the next one is told to come again.
func TestTooManyAtATime(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates, slow, func(c *Config) { c.Operations = 1 })
	var o Operation
	st.call("run", "POST", "/v1/environments/prod/operations", map[string]any{"action": "apply", "plan": st.file, "phase": "expand"}).want(t, http.StatusAccepted, &o)
	st.begun(o.ID)
	dbtest.Exec(t, st.dsn, "CREATE TABLE other (id int PRIMARY KEY, a int)")
	st.makePlan("name: other\nreplicas: none\noperations:\n  - rename_column: {table: other, from: a, to: b}\n")
	st.call("run", "POST", "/v1/environments/prod/operations", map[string]any{"action": "apply", "plan": st.file}).refused(t, http.StatusTooManyRequests, "too_busy")
}

func TestTokens(t *testing.T) {
	_, hash := NewSecret()
	for name, list := range map[string][]Token{
		"no name":     {{Hash: hash, Scopes: []Scope{ScopeRead}}},
		"a slash":     {{Name: "a/b", Hash: hash, Scopes: []Scope{ScopeRead}}},
		"no hash":     {{Name: "a", Scopes: []Scope{ScopeRead}}},
		"a secret":    {{Name: "a", Hash: "pm_abc", Scopes: []Scope{ScopeRead}}},
		"a cut hash":  {{Name: "a", Hash: hash[:20], Scopes: []Scope{ScopeRead}}},
		"no scope":    {{Name: "a", Hash: hash}},
		"a new scope": {{Name: "a", Hash: hash, Scopes: []Scope{"root"}}},
		"one twice":   {{Name: "a", Hash: hash, Scopes: []Scope{ScopeRead}}, {Name: "a", Hash: hash, Scopes: []Scope{ScopeRead}}},
	} {
		if _, err := newTokens(list); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestTargetsOfThePlan: what a gate calls is what this server's configuration says, whatever stands in the plan.
func TestTargetsOfThePlan(t *testing.T) {
	gates := "gates:\n  expand:\n    - command: {target: check}\n    - http: {target: flag}\n"
	st := newStage(t, throwaway.Postgres, gates)
	o := st.apply("run", Inconclusive, plans.Expand)
	if !strings.Contains(o.Problem.Detail, "not defined in this runner's phasemig.yaml") {
		t.Errorf("%+v", o.Problem)
	}
	for i := range st.plan.Phases[0].Gates {
		if g := &st.plan.Phases[0].Gates[i]; g.Kind == "command" || g.Kind == "http" {
			g.Params = map[string]any{"target": "check", "argv": []string{"touch", t.TempDir() + "/run"}, "url": st.url}
		}
	}
	st.plan.ID += "x"
	st.plan.Hash = st.plan.ComputeHash()
	file, err := st.plan.Encode()
	st.must(err)
	st.file = file
	if o = st.apply("run", Inconclusive, plans.Expand); !strings.Contains(o.Problem.Detail, "not defined in this runner's phasemig.yaml") {
		t.Errorf("a plan with a program of its own: %+v", o.Problem)
	}
}
