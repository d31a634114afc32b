package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/dialect/mysql"
	"github.com/phasemig/phasemig/dialect/postgres"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// patience bounds a wait: a test that hangs is a failure.
const patience = 2 * time.Minute

// stage is a server at work on a database of its own, with a plan for it.
type stage struct {
	t       *testing.T
	config  Config
	dsn     string
	plan    *plans.Plan
	file    json.RawMessage
	url     string
	log     *logText
	secrets map[string]string // token → secret
	stop    func() error
}

// setting changes a stage before its server starts.
type setting func(*Config)

// newStage makes a table of some rows, plans a rename with the gates given, and starts a server with a token for each
// scope, named like it, and two more: ci (run, approve) and elsewhere (admin of another environment).
func newStage(t *testing.T, k throwaway.Kind, gates string, settings ...setting) *stage {
	t.Helper()
	st := &stage{t: t, dsn: dbtest.Database(t, k), log: &logText{}, secrets: map[string]string{}}
	dbtest.Exec(t, st.dsn, "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users VALUES "+people(2000))
	st.makePlan("name: rename\nreplicas: none\noperations:\n  - rename_column: {table: users, from: full_name, to: display_name}\n" + gates)
	st.config = Config{Environments: []Environment{{Name: "prod", Open: st.open}}, Describe: describe, Version: "test", Log: slog.New(slog.NewJSONHandler(st.log, nil))}
	for _, s := range Scopes() {
		st.addToken(string(s), s)
	}
	st.addToken("ci", ScopeRead, ScopeRun, ScopeApprove)
	st.addToken("elsewhere", ScopeAdmin)
	st.config.Tokens[len(st.config.Tokens)-1].Environments = []string{"staging"}
	for _, f := range settings {
		f(&st.config)
	}
	st.start()
	return st
}

func people(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("(%d, 'name %d')", i+1, i+1))
	}
	return strings.Join(out, ", ")
}

func (st *stage) addToken(name string, scopes ...Scope) {
	secret, hash := NewSecret()
	st.secrets[name] = secret
	st.config.Tokens = append(st.config.Tokens, Token{Name: name, Hash: hash, Scopes: scopes})
}

func (st *stage) open(ctx context.Context) (*dialect.Database, error) {
	if strings.HasPrefix(st.dsn, "postgres") {
		return postgres.Open(ctx, st.dsn)
	}
	return mysql.Open(ctx, st.dsn)
}

func (st *stage) makePlan(change string) {
	st.t.Helper()
	db, err := st.open(st.t.Context())
	st.must(err)
	defer db.Close()
	ch, err := plans.ParseChange([]byte(change))
	st.must(err)
	facts, err := db.Reader.Facts(st.t.Context(), ch)
	st.must(err)
	st.plan, err = plans.Build(ch, &facts, db.Rules)
	st.must(err)
	st.file, err = st.plan.Encode()
	st.must(err)
}

func (st *stage) must(err error) {
	st.t.Helper()
	if err != nil {
		st.t.Fatal(err)
	}
}

// start runs a server with the stage's configuration until the test ends or stop is called.
func (st *stage) start() {
	st.t.Helper()
	s, err := New(st.config)
	st.must(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	st.must(err)
	st.url = "http://" + l.Addr().String()
	ctx, cancel := context.WithCancel(context.WithoutCancel(st.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l, nil) }()
	st.stop = sync.OnceValue(func() error {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		return <-ended
	})
	stop := st.stop
	st.t.Cleanup(func() {
		if err := stop(); err != nil && !errors.Is(err, ErrInterrupted) {
			st.t.Error(err)
		}
	})
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request with a token's secret, and holds the answer against the OpenAPI document. Headers are "Name: value".
func (st *stage) call(token, method, path string, body any, headers ...string) answer {
	st.t.Helper()
	var text []byte
	switch b := body.(type) {
	case nil:
	case string:
		text = []byte(b)
	default:
		var err error
		text, err = json.Marshal(b)
		st.must(err)
	}
	req, err := http.NewRequestWithContext(st.t.Context(), method, st.url+path, bytes.NewReader(text))
	st.must(err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+st.secrets[token])
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	st.must(err)
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	a.body, err = io.ReadAll(resp.Body)
	st.must(err)
	conforms(st.t, method, req.URL.Path, a)
	return a
}

// want fails unless the answer has the status, and reads it.
func (a answer) want(t *testing.T, status int, into any) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if into != nil {
		if err := json.Unmarshal(a.body, into); err != nil {
			t.Fatalf("%v: %s", err, a.body)
		}
	}
	return a
}

// refused fails unless the answer is a problem of the class.
func (a answer) refused(t *testing.T, status int, class string) Problem {
	t.Helper()
	var p Problem
	a.want(t, status, &p)
	if p.Class != class || p.Status != status || !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") {
		t.Fatalf("want %s: %s (%s)", class, a.body, a.header.Get("Content-Type"))
	}
	return p
}

var compiled = sync.OnceValue(func() *jsonschema.Compiler {
	b, err := json.Marshal(document())
	if err != nil {
		panic(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("openapi.json", doc); err != nil {
		panic(err)
	}
	return c
})

var compiling sync.Mutex

// conforms holds an answer against what the document says of its route: the schema of a good answer, or that of a problem.
func conforms(t *testing.T, method, path string, a answer) {
	t.Helper()
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	name := "Problem"
	if kind == "application/json" {
		if name = schemaOf(method, path); name == "" {
			t.Fatalf("%s %s is not in the document, and was answered: %s", method, path, a.body)
		}
	} else if kind != "application/problem+json" {
		return
	}
	compiling.Lock()
	s, err := compiled().Compile("openapi.json#/components/schemas/" + name)
	compiling.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
	if err == nil {
		err = s.Validate(v)
	}
	if err != nil {
		t.Errorf("%s %s: the answer is not what openapi.json says: %v\n%s", method, path, err, a.body)
	}
}

func schemaOf(method, path string) string {
	for _, rt := range routes() {
		pattern := "^" + pathParameter.ReplaceAllString(rt.path, `[^/]+`) + "$"
		if rt.method == method && regexp.MustCompile(pattern).MatchString(path) {
			return rt.out
		}
	}
	return ""
}

// path is that of the stage's run. Its name may be another run's, too: some servers keep the state of all databases in one place.
func (st *stage) path() string { return "/v1/environments/prod/runs/" + st.plan.ID }

// operate starts an operation and waits for its end.
func (st *stage) operate(token string, want OperationStatus, body map[string]any, headers ...string) Operation {
	st.t.Helper()
	var o Operation
	st.call(token, "POST", "/v1/environments/prod/operations", body, headers...).want(st.t, http.StatusAccepted, &o)
	o = st.ended(o.ID)
	if o.Status != want {
		st.t.Fatalf("operation %+v: want %s; %+v", o, want, o.Problem)
	}
	return o
}

// apply is operate for one phase of the stage's plan.
func (st *stage) apply(token string, want OperationStatus, phase plans.PhaseName) Operation {
	st.t.Helper()
	return st.operate(token, want, map[string]any{"action": "apply", "plan": st.file, "phase": phase})
}

// ended polls an operation until it has ended.
func (st *stage) ended(id string) Operation {
	st.t.Helper()
	var o Operation
	st.until("the end of "+id, func() bool {
		st.call("read", "GET", "/v1/operations/"+id, nil).want(st.t, http.StatusOK, &o)
		return o.Status.ended()
	})
	return o
}

func (st *stage) until(what string, f func() bool) {
	st.t.Helper()
	for limit := time.Now().Add(patience); !f(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(limit) {
			st.t.Fatalf("%s never came\n%s", what, st.log)
		}
	}
}

// slow makes the backfill take some seconds.
func slow(c *Config) {
	c.Environments[0].Engine.MaxRate, c.Environments[0].Engine.ChunkRows = 400, 50
}

// begun waits until a slow backfill has filled something.
func (st *stage) begun(id string) {
	st.t.Helper()
	st.until("the backfill", func() bool {
		var o Operation
		st.call("read", "GET", "/v1/operations/"+id, nil).want(st.t, http.StatusOK, &o)
		return o.Live != nil && o.Live.Rows > 0
	})
}

// logText is a log that can be read while it is written.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// describe stands in for the command line's, which no package may import: a few classes of it.
func describe(ctx context.Context, _ string, err error) Problem {
	var held *gate.HeldError
	var input *plans.InputError
	p := Problem{Class: "error", Exit: 1, Detail: err.Error()}
	switch {
	case errors.As(err, &held) && held.Verdict.State == gate.Fail:
		p.Class, p.Exit = "gate_failed", 4
	case errors.As(err, &held):
		p.Class, p.Exit = "gate_waiting", exitWaiting
	case errors.Is(err, engine.ErrPaused):
		p.Class, p.Exit = "paused", exitWaiting
	case errors.Is(err, state.ErrNotFound), errors.Is(err, state.ErrNotInstalled):
		p.Class = "not_found"
	case errors.Is(err, plans.ErrStale):
		p.Class, p.Exit = "drift", 5
	case errors.As(err, &input):
		p.Class = "input"
	case errors.Is(err, engine.ErrWrongPhase):
		p.Class = "wrong_phase"
	case dberr.Temporary(err):
		p.Class, p.Exit = "temporary", exitTemporary
	case ctx.Err() != nil:
		p.Class, p.Exit = "interrupted", exitTemporary
	}
	return p
}

// commandTold fails unless the program of a notifier was told of both events, without what opens the database.
func (st *stage) commandTold(file string) {
	st.t.Helper()
	b, err := os.ReadFile(file)
	st.must(err)
	text := string(b)
	if !strings.Contains(text, "waiting_for_approval") || !strings.Contains(text, `"event":"failed"`) || strings.Contains(text, "PHASEMIG_") {
		st.t.Errorf("the program was told:\n%s", text)
	}
}
