package serve

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// TestDocument: the document is served as it is, names every route, and every schema it refers to is there and is used. That
// answers are as it says is checked by every call of every test of this package.
func TestDocument(t *testing.T) {
	st := newStage(t, throwaway.Postgres, noGates)
	var doc struct {
		OpenAPI    string                                `json:"openapi"`
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	a := st.call("", "GET", "/openapi.json", nil).want(t, http.StatusOK, &doc)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("version %s", doc.OpenAPI)
	}
	ids := map[string]bool{}
	for _, rt := range routes() {
		if len(doc.Paths[rt.path][strings.ToLower(rt.method)]) == 0 {
			t.Errorf("%s %s is not described", rt.method, rt.path)
		}
		if ids[rt.id] {
			t.Errorf("operationId %s is there twice", rt.id)
		}
		ids[rt.id] = true
	}
	const ref = "#/components/schemas/"
	for name := range doc.Components.Schemas {
		if !strings.Contains(string(a.body), `"`+ref+name+`"`) {
			t.Errorf("schema %s is used nowhere", name)
		}
	}
	for _, part := range strings.Split(string(a.body), ref)[1:] {
		if name, _, _ := strings.Cut(part, `"`); len(doc.Components.Schemas[name]) == 0 {
			t.Errorf("schema %s is not there", name)
		}
	}
}

// TestRequestsAreDescribed: the schema of a request takes what the server takes, and refuses a field that it refuses.
func TestRequestsAreDescribed(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		good bool
	}{
		"OperationRequest":   {`{"action": "apply", "run": "rename", "phase": "expand", "wait": true}`, true},
		"ApprovalRequest":    {`{"phase": "contract", "note": "seen"}`, true},
		"ThrottleRequest":    {`{"max_rate": 100, "max_lag": "5s"}`, true},
		"ApplicationRequest": {`{"state": "rolled_back", "dsn": "x"}`, false},
	} {
		s, err := compiled().Compile("openapi.json#/components/schemas/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal([]byte(c.body), &v); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); (err == nil) != c.good {
			t.Errorf("%s: %s: %v", name, c.body, err)
		}
	}
}
