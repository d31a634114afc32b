package gate

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/plans"
)

// flagServer answers as an OFREP server and as Unleash do: the shapes are those of their specifications.
func flagServer(t *testing.T, status *int, body *string) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.EscapedPath() {
		case "POST /ofrep/v1/evaluate/flags/read%2Fname":
			var asked struct{ Context map[string]any }
			b, _ := io.ReadAll(r.Body)
			if err := json.Unmarshal(b, &asked); err != nil || asked.Context["targetingKey"] != "phasemig" || asked.Context["country"] != "de" {
				t.Errorf("asked with %s", b)
			}
			if r.Header.Get("Authorization") != "Bearer s3cret" || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("asked with the headers %v", r.Header)
			}
		case "GET /api/client/features/read%2Fname":
			if r.Header.Get("Authorization") != "s3cret" {
				t.Errorf("asked with the headers %v", r.Header)
			}
		default:
			t.Errorf("asked for %s %s", r.Method, r.URL)
		}
		if *status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "7")
		}
		w.WriteHeader(*status)
		_, _ = w.Write([]byte(*body))
	}))
	t.Cleanup(srv.Close)
	return srv
}

type flagCase struct {
	status int
	body   string
	expect any
	state  State
	says   string
}

func TestFlagByOFREP(t *testing.T) {
	t.Setenv("FLAG_TOKEN", "s3cret")
	status, body := 200, ""
	srv := flagServer(t, &status, &body)
	in := input("flag", map[string]any{"key": "read/name"})
	in.Targets.Flags = map[string]Flags{"ours": {OFREP: srv.URL + "/", TokenEnv: "FLAG_TOKEN", Context: map[string]any{"country": "de"}}}
	for _, c := range []flagCase{
		{200, `{"key":"k","value":true,"reason":"STATIC","variant":"on"}`, "on", Pass, "is true for everybody (reason STATIC)"},
		{200, `{"key":"k","value":true,"reason":"STATIC","variant":"on"}`, true, Pass, ""},
		{200, `{"key":"k","value":false,"reason":"STATIC","variant":"off"}`, "on", Fail, "is false, not on"},
		{200, `{"key":"k","value":false,"reason":"DISABLED"}`, "off", Pass, ""},
		{200, `{"key":"k","reason":"DISABLED"}`, "off", Inconclusive, "no value"},
		{200, `{"key":"k","value":true,"reason":"TARGETING_MATCH","variant":"on"}`, "on", Inconclusive, "something else for others"},
		{200, `{"key":"k","value":true,"reason":"SPLIT","variant":"on"}`, "on", Inconclusive, "something else for others"},
		{200, `{"key":"k","value":true}`, "on", Inconclusive, ""},
		{200, `{"key":"k","value":"new","reason":"STATIC"}`, "new", Pass, ""},
		{200, `{"key":"k","value":0.25,"reason":"STATIC"}`, 0.25, Pass, ""},
		{200, `{"key":"k","value":{"a":1},"reason":"STATIC","variant":"blue"}`, "blue", Pass, ""},
		{200, `{"key":"k","value":true,"reason":"STATIC"}`, "absent", Fail, "still exists"},
		{404, `{"key":"k","errorCode":"FLAG_NOT_FOUND"}`, "absent", Pass, "is gone"},
		{404, `{"key":"k","errorCode":"FLAG_NOT_FOUND"}`, "on", Inconclusive, "there is no flag"},
		{404, `404 page not found`, "absent", Inconclusive, "status 404"}, // another path is no flag that is gone
		{400, `{"key":"k","errorCode":"TARGETING_KEY_MISSING","errorDetails":"which?"}`, "on", Inconclusive, "TARGETING_KEY_MISSING which?"},
		{401, ``, "on", Inconclusive, "status 401"},
		{503, ``, "absent", Inconclusive, "status 503"},
		{200, `<html>`, "on", Inconclusive, "not the JSON"},
	} {
		status, body = c.status, c.body
		in.Ref.Params["expect"] = c.expect
		want(t, in, c.state, c.says)
	}
	status, body = 429, ""
	if v := Check(t.Context(), in); v.State != Inconclusive || v.Retry != 7*time.Second {
		t.Errorf("429: %+v", v)
	}
	t.Setenv("FLAG_TOKEN", "")
	want(t, in, Inconclusive, "FLAG_TOKEN, which is not set")
	srv.Close()
	t.Setenv("FLAG_TOKEN", "s3cret")
	v := Check(t.Context(), in)
	if v.State != Inconclusive || strings.Contains(v.Reason, "s3cret") {
		t.Errorf("a server that is gone: %+v", v)
	}
}

func TestFlagByUnleash(t *testing.T) {
	t.Setenv("FLAG_TOKEN", "s3cret")
	status, body := 200, ""
	srv := flagServer(t, &status, &body)
	in := input("flag", map[string]any{"key": "read/name", "target": "u"})
	in.Targets.Flags = map[string]Flags{"u": {Unleash: srv.URL + "/api", TokenEnv: "FLAG_TOKEN"}, "other": {File: "x"}}
	def := func(rest string) string {
		return `{"name":"read/name","type":"release","stale":false,"variants":[],` + rest + `}`
	}
	for _, c := range []flagCase{
		{200, def(`"enabled":true,"strategies":[]`), "on", Pass, "without a strategy"},
		{200, def(`"enabled":true,"strategies":[{"name":"default","parameters":{},"constraints":[]}]`), "on", Pass, "strategy default takes everybody"},
		{200, def(`"enabled":true,"strategies":[{"name":"userWithId"},{"name":"flexibleRollout","parameters":{"rollout":"100","stickiness":"default","groupId":"g"}}]`), "on", Pass, ""},
		{200, def(`"enabled":true,"strategies":[{"name":"flexibleRollout","parameters":{"rollout":"50"}}]`), "on", Inconclusive, "none of its strategies takes everybody"},
		{200, def(`"enabled":true,"strategies":[{"name":"default","constraints":[{"contextName":"userId","operator":"IN","values":["1"]}]}]`), "on", Inconclusive, ""},
		{200, def(`"enabled":true,"strategies":[{"name":"default","segments":[3]}]`), "on", Inconclusive, ""},
		{200, def(`"enabled":true,"strategies":[],"dependencies":[{"feature":"parent"}]`), "on", Inconclusive, "depends on another"},
		{200, def(`"enabled":false,"strategies":[{"name":"default"}]`), "on", Fail, "disabled in the environment"},
		{200, def(`"enabled":false,"strategies":[{"name":"default"}]`), "off", Pass, ""},
		{404, `{"name":"NotFoundError"}`, "absent", Pass, "is gone"},
		{200, `{"name":"another","enabled":true}`, "on", Inconclusive, "no definition"},
		{403, `{}`, "on", Inconclusive, "status 403"},
	} {
		status, body = c.status, c.body
		in.Ref.Params["expect"] = c.expect
		want(t, in, c.state, c.says)
	}
}

func TestFlagByFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flags.json")
	in := input("flag", map[string]any{"key": "k"})
	in.Targets.Flags = map[string]Flags{"f": {File: path}}
	want(t, in, Inconclusive, "no such file")
	for _, c := range []struct {
		file   string
		expect string
		state  State
		says   string
	}{
		{`{"flags":{"k":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"on"}}}`, "on", Pass, "no targeting"},
		{`{"flags":{"k":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off","targeting":{}}}}`, "on", Fail, "is false"},
		{`{"flags":{"k":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off","targeting":{"if":[{"in":["@x",{"var":"email"}]},"on"]}}}}`, "on", Inconclusive, "depends on who asks"},
		{`{"flags":{"k":{"state":"DISABLED","variants":{"on":true},"defaultVariant":"on"}}}`, "on", Inconclusive, "disabled"},
		{`{"flags":{"k":{"state":"ENABLED","variants":{"on":true},"defaultVariant":null}}}`, "on", Inconclusive, "no default variant"},
		{`{"flags":{"k":{"state":"ENABLED","variants":{"on":true},"defaultVariant":"no"}}}`, "on", Inconclusive, "not among its variants"},
		{"flags:\n  k: {state: ENABLED, variants: {a: 1, b: 2}, defaultVariant: b}\n", "2", Pass, ""},
		{`{"flags":{}}`, "absent", Pass, "is gone"},
		{`{"flagz":{}}`, "absent", Inconclusive, "no definition of flagd"},
		{`{"flags":`, "absent", Inconclusive, "read "},
	} {
		if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		in.Ref.Params["expect"] = c.expect
		want(t, in, c.state, c.says)
	}
}

func TestFlagTargets(t *testing.T) {
	in := input("flag", map[string]any{"key": "k"})
	want(t, in, Inconclusive, "defines 0 under flags")
	in.Targets.Flags = map[string]Flags{"a": {File: "x"}, "b": {File: "y"}}
	want(t, in, Inconclusive, "name one")
	in.Ref.Params["target"] = "c"
	want(t, in, Inconclusive, `flags target "c" is not defined`)
	for _, p := range []map[string]any{nil, {"key": ""}, {"key": "k", "expect": ""}, {"key": "k", "is": "on"}} {
		if Validate(plans.GateRef{Kind: "flag", Params: p}) == nil {
			t.Errorf("%v is taken", p)
		}
	}
	for _, f := range []Flags{{}, {OFREP: "http://x", File: "y"}} {
		if (Targets{Flags: map[string]Flags{"f": f}}).Validate() == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}
