package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/phasemig/phasemig/serve/page"
)

// route is one request that the server answers. The table routes makes both the handler and the OpenAPI document.
type route struct {
	method, path string
	scope        Scope // "": anybody
	id           string
	summary      string
	query        []string // parameters beside those of the path
	in, out      string   // names of schemas in schemas.json; "" is none, or no JSON
	status       int      // of an answer that is no error
	also         string   // the media type, where it isn't JSON
	handle       func(*Server, *http.Request) (reply, error)
}

// reply is an answer that is no error.
type reply struct {
	status int // 0: the route's
	body   any
	header http.Header
	raw    http.Handler // answers by itself
}

func routes() []route {
	const env, run = "/v1/environments/{env}", "/v1/environments/{env}/runs/{run}"
	return []route{
		{method: "GET", path: "/healthz", id: "health", summary: "The process answers.", out: "Health", status: 200, handle: (*Server).health},
		{method: "GET", path: "/readyz", id: "ready", summary: "Every environment can be reached; 503 else.", out: "Ready", status: 200, handle: (*Server).ready},
		{method: "GET", path: "/openapi.json", id: "openapi", summary: "This document.", out: "Anything", status: 200, handle: (*Server).openapi},
		{method: "GET", path: "/metrics", scope: ScopeRead, id: "metrics", summary: "Metrics in the text format of Prometheus.", status: 200, also: "text/plain", handle: (*Server).metrics},

		{method: "GET", path: "/v1/environments", scope: ScopeRead, id: "listEnvironments", summary: "The environments that the token reaches, and what it may do.", out: "Environments", status: 200, handle: (*Server).environments},
		{method: "GET", path: env + "/runs", scope: ScopeRead, id: "listRuns", summary: "All runs of an environment, the newest first.", out: "Runs", status: 200, handle: (*Server).runs},
		{method: "GET", path: run, scope: ScopeRead, id: "getRun", summary: "All that is known about a run, at most a second old. The ETag is the plan's hash.", out: "Run", status: 200, handle: (*Server).run},
		{method: "GET", path: run + "/gates", scope: ScopeRun, id: "askGates", summary: "Asks the gates of one phase, or of all. Answers within 8 s: gates that take longer go on being asked, and the answer says so.",
			query: []string{"phase"}, out: "Gates", status: 200, handle: (*Server).gates},
		{method: "GET", path: run + "/phases/{phase}", scope: ScopeRun, id: "judgePhase", summary: "One word on a phase, for a web metric of Argo Rollouts. want=open: may it begin (default); want=done: is it done. 200 also when the database can't be reached, as inconclusive.",
			query: []string{"want"}, out: "PhaseVerdict", status: 200, handle: (*Server).phase},
		{method: "POST", path: run + "/phases/{phase}", scope: ScopeRun, id: "judgePhaseByPost", summary: "The same for a web metric that is sent by POST. The body is not read.", query: []string{"want"}, out: "PhaseVerdict", status: 200, handle: (*Server).phase},

		{method: "POST", path: env + "/operations", scope: ScopeRun, id: "startOperation", summary: "Starts work on a run, or attaches to the same work that is under way. Headers: Idempotency-Key, If-Match with the plan's hash.",
			in: "OperationRequest", out: "Operation", status: 202, handle: (*Server).startOperation},
		{method: "GET", path: "/v1/operations", scope: ScopeRead, id: "listOperations", summary: "Operations of this process, the newest first.", out: "Operations", status: 200, handle: (*Server).listOperations},
		{method: "GET", path: "/v1/operations/{operation}", scope: ScopeRead, id: "getOperation", summary: "Where an operation is. After a restart of the server it is told by the run's state.", out: "Operation", status: 200, handle: (*Server).getOperation},
		{method: "POST", path: "/v1/operations/{operation}/cancel", scope: ScopeRun, id: "cancelOperation", summary: "Stops an operation at its next safe point. Nothing is taken back.", out: "Operation", status: 202, handle: (*Server).cancelOperation},

		{method: "POST", path: run + "/approvals", scope: ScopeApprove, id: "approve", summary: "Says yes to a phase of this very plan, in the token's name. Header: If-Match with the plan's hash.", in: "ApprovalRequest", out: "Approval", status: 201, handle: (*Server).approve},
		{method: "POST", path: run + "/pause", scope: ScopeRun, id: "pause", summary: "Lets the runner stop before its next chunk or step.", out: "Control", status: 200, handle: (*Server).pause},
		{method: "POST", path: run + "/resume", scope: ScopeRun, id: "resume", summary: "Takes a pause back; the next operation goes on.", out: "Control", status: 200, handle: (*Server).resume},
		{method: "POST", path: run + "/throttle", scope: ScopeRun, id: "throttle", summary: "Sets limits of the pace. What is left out stays as it was; 0 and \"\" take a limit away.", in: "ThrottleRequest", out: "Control", status: 200, handle: (*Server).throttle},
		{method: "POST", path: run + "/abort", scope: ScopeRun, id: "abort", summary: "Stops a run for good where it stands; an operation rollback with all takes it back.", out: "Result", status: 200, handle: (*Server).abort},
		{method: "POST", path: run + "/application", scope: ScopeRun, id: "reportApplication", summary: "Tells that the application was rolled back, which shuts contract, or released, which lets its gates decide again.",
			in: "ApplicationRequest", out: "ApplicationReport", status: 200, handle: (*Server).reportApplication},

		{method: "POST", path: "/v1/flagger/{hook}", id: "flagger", summary: "A webhook of Flagger. Its token stands in metadata.token, since Flagger sends no headers. hook is one of confirm-rollout, pre-rollout, rollout, confirm-traffic-increase, confirm-promotion, post-rollout, rollback, event.",
			in: "FlaggerRequest", out: "FlaggerAnswer", status: 200, handle: (*Server).flagger},
		{method: "POST", path: "/v1/lint", scope: ScopeLint, id: "lint", summary: "Judges SQL files. No database is asked.", in: "LintRequest", out: "LintResult", status: 200, handle: (*Server).lint},
	}
}

// Handler answers all requests. It is for Run, and for tests without a network.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routes() {
		var h http.Handler = s.answering(rt)
		if rt.scope != "" {
			h = s.authorized(rt.scope, h)
		}
		mux.Handle(rt.method+" "+rt.path, h)
	}
	return s.bounded(s.sameSite(s.plainErrors(mux, page.Handler())))
}

// answering turns what a handler returns into an answer.
func (s *Server) answering(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := rt.handle(s, r)
		if err != nil {
			p := s.problemOf(r, r.PathValue("run"), err)
			s.refused(r, caller(r.Context()).Name, p)
			writeProblem(w, p)
			return
		}
		for k, v := range out.header {
			w.Header()[k] = v
		}
		if out.raw != nil {
			out.raw.ServeHTTP(w, r)
			return
		}
		if rt.method != "GET" {
			s.config.Log.Info("request", "id", rt.id, "path", r.URL.Path, "token", caller(r.Context()).Name, "from", r.RemoteAddr)
		}
		status := out.status
		if status == 0 {
			status = rt.status
		}
		writeJSON(w, status, "application/json", out.body)
	}
}

// plainErrors gives the mux's own refusals, 404 and 405, the form of all others. What the mux doesn't know
// may be a file of the page.
func (s *Server) plainErrors(mux *http.ServeMux, files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		if r.Method == http.MethodGet && page.Known(r.URL.Path) {
			files.ServeHTTP(w, r)
			return
		}
		silent := &silentWriter{header: http.Header{}, status: http.StatusNotFound}
		h.ServeHTTP(silent, r)
		if allow := silent.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
		}
		p := &Problem{Class: "not_found", Status: silent.status, Exit: exitUsage, Detail: "there is nothing for " + r.Method + " at " + r.URL.Path, Hint: "GET /openapi.json lists what there is"}
		s.refused(r, "", p)
		writeProblem(w, p)
	})
}

// silentWriter takes a status and headers, and drops the text.
type silentWriter struct {
	header http.Header
	status int
}

func (s *silentWriter) Header() http.Header         { return s.header }
func (s *silentWriter) WriteHeader(status int)      { s.status = status }
func (s *silentWriter) Write(b []byte) (int, error) { return len(b), nil }

// readBody reads a JSON body strictly, and returns it as it came.
func readBody(r *http.Request, into any) ([]byte, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return nil, err
		}
		return nil, malformed("the body could not be read: %v", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return nil, malformed("the body is not the JSON that was expected: %v", err)
	}
	if d.More() {
		return nil, malformed("something follows the JSON document of the body")
	}
	return b, nil
}
