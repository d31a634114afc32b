package integration

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// served is the real server as a process, for a subject.
type served struct {
	*subject
	process *process
	url     string
	tokens  map[string]string
}

var servingOn = regexp.MustCompile(`serving on (http://\S+)`)

// serve writes a configuration with two tokens, made by the program, and starts the server. more goes into the
// configuration.
func (s *subject) serve(more string) *served {
	s.t.Helper()
	v := &served{subject: s, tokens: map[string]string{}}
	config := "environments:\n  prod: {dsn: \"" + s.dsn + "\"}\n" + more + "serve:\n  listen: 127.0.0.1:0\n  tokens:\n"
	for name, scopes := range map[string][]string{"ci": {"read", "run"}, "alice": {"read", "approve"}} {
		var made struct{ Token, Hash string }
		c := s.home.must(0, "token", name, "--output", "json", "--scope", scopes[0], "--scope", scopes[1])
		if err := json.Unmarshal([]byte(c.stdout), &made); err != nil {
			s.t.Fatal(err)
		}
		v.tokens[name] = made.Token
		config += "    - {name: " + name + ", hash: \"" + made.Hash + "\", scopes: [" + strings.Join(scopes, ", ") + "]}\n"
	}
	s.home.write("phasemig.yaml", config)
	v.start()
	return v
}

func (v *served) start() {
	v.t.Helper()
	v.process = v.home.start("serve")
	cmd := v.process.cmd
	v.t.Cleanup(func() { _ = cmd.Process.Kill() }) // of a test that failed before it ended the server
	waitFor(v.t, "the server", func() bool { return servingOn.MatchString(v.process.err.String()) })
	v.url = servingOn.FindStringSubmatch(v.process.err.String())[1]
}

// ask sends a request and reads the answer. Headers are "Name: value".
func (v *served) ask(token, method, path string, body any, headers ...string) (status int, answer map[string]any) {
	v.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, bytes.NewReader(b))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+v.tokens[token])
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		v.t.Fatalf("%v: %s", err, text)
	}
	return resp.StatusCode, answer
}

// operate starts an operation on a phase and returns it at its end.
func (v *served) operate(phase string) map[string]any {
	v.t.Helper()
	return v.toTheEnd(map[string]any{"action": "apply", "phase": phase, "plan": json.RawMessage(v.home.read("plan.json"))})
}

// toTheEnd starts an operation and polls it, as an orchestrator does, until it has ended.
func (v *served) toTheEnd(request map[string]any, headers ...string) map[string]any {
	v.t.Helper()
	status, o := v.ask("ci", "POST", "/v1/environments/prod/operations", request, headers...)
	if status != http.StatusAccepted {
		v.t.Fatalf("%d %v", status, o)
	}
	waitFor(v.t, "the end of an operation", func() bool {
		_, o = v.ask("ci", "GET", "/v1/operations/"+o["operation"].(string), nil)
		return o["ended"] != nil
	})
	return o
}

// TestServe: the real server takes a run through its phases, and errors carry class, exit code and hint of the
// command line; SIGTERM ends it with 0 when nothing is at work.
func TestServe(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.Postgres} {
		t.Run(string(k), func(t *testing.T) {
			s := newGated(t, k, renameUsers, "gates:\n  contract:\n    - approval: {by: 1}\n", "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users "+numbered(500, "'name'"))
			v := s.serve("")
			for _, phase := range []string{"expand", "switch"} {
				if o := v.operate(phase); o["status"] != "SUCCEEDED" {
					t.Fatalf("%s: %v", phase, o)
				}
			}
			o := v.operate("contract")
			problem, _ := o["error"].(map[string]any)
			if o["exit"] != 3.0 || problem["class"] != "gate_waiting" || !strings.Contains(problem["hint"].(string), "phasemig approve "+s.plan.ID) {
				t.Fatalf("contract: %v", o)
			}
			if status, a := v.ask("alice", "POST", "/v1/environments/prod/runs/"+s.plan.ID+"/approvals", map[string]any{"phase": "contract", "plan_hash": s.plan.Hash}); status != http.StatusCreated {
				t.Fatalf("%d %v", status, a)
			}
			if o = v.operate("contract"); o["status"] != "SUCCEEDED" {
				t.Fatalf("contract: %v", o)
			}
			s.want("SELECT count(*) FROM users WHERE display_name = 'name'", "500")
			v.process.signal(syscall.SIGTERM)
			v.process.wait().want(t, 0)
			for _, token := range v.tokens {
				if strings.Contains(v.process.err.String(), token) {
					t.Error("a token is in the log")
				}
			}
		})
	}
}

// TestServeInterrupted: SIGTERM checkpoints the operation and ends the server with 75; the command line goes on with
// the run, under the same pace and configuration.
func TestServeInterrupted(t *testing.T) {
	beside(t)
	s := slow(t, throwaway.MySQL)
	v := s.serve("backfill: {chunk_rows: 50, max_rate: 500}\n")
	v.ask("ci", "POST", "/v1/environments/prod/operations", map[string]any{"action": "apply", "phase": "expand", "plan": json.RawMessage(s.home.read("plan.json"))})
	s.begun()
	v.process.signal(syscall.SIGTERM)
	c := v.process.wait()
	c.want(t, 75)
	c.says(t, "stopped before its end", "INTERRUPTED")
	if s.filled() == "2000" {
		t.Fatal("the backfill was over before the signal")
	}
	s.home.must(0, "apply", "plan.json", "--phase", "expand", "--max-rate", "0", "--env", "prod")
	s.complete()
}

// TestReportedRollbackStopsTheCommandLine: what an orchestrator told the server shuts contract for everybody.
func TestReportedRollbackStopsTheCommandLine(t *testing.T) {
	s := newGated(t, throwaway.Postgres, renameUsers, "gates:\n  contract: []\n", "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))")
	s.apply(0, "expand")
	s.apply(0, "switch")
	v := s.serve("")
	if status, a := v.ask("ci", "POST", "/v1/environments/prod/runs/"+s.plan.ID+"/application", map[string]any{"state": "rolled_back", "revision": "v42"}); status != http.StatusOK {
		t.Fatalf("%d %v", status, a)
	}
	s.apply(4, "contract")
	s.home.must(4, "gates", s.plan.ID, "--phase", "contract").says(t, "revision v42")
	v.ask("ci", "POST", "/v1/environments/prod/runs/"+s.plan.ID+"/application", map[string]any{"state": "released"})
	s.apply(0, "contract")
	v.process.signal(syscall.SIGTERM)
	v.process.wait().want(t, 0)
	if got := dbtest.Query(t, s.dsn, "SELECT count(*) FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'full_name' AND table_schema = 'public'"); got[0][0] != "0" {
		t.Error("the old column is still there")
	}
}
