package gate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// httpGate asks an address of the runner's own configuration. Settings: target.
func httpGate(ctx context.Context, in Input) (Verdict, error) {
	name, _ := in.Ref.Params["target"].(string)
	t, ok := in.Targets.HTTP[name]
	if !ok || t.URL == "" {
		return Unsure(fmt.Sprintf("http target %q is not defined in this runner's phasemig.yaml", name), nil), nil
	}
	status, body, err := t.ask(ctx, in)
	if err != nil {
		return Verdict{}, fmt.Errorf("http target %s: %w", name, err)
	}
	return httpVerdict(name, t, status, body), nil
}

func (t HTTP) ask(ctx context.Context, in Input) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(t.Timeout, 10*time.Second))
	defer cancel()
	req, err := request(ctx, t, in)
	if err != nil {
		return 0, nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("gave no answer: %w", err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20)); err != nil {
		return 0, nil, fmt.Errorf("read the answer: %w", err)
	}
	return resp.StatusCode, body, nil
}

func request(ctx context.Context, t HTTP, in Input) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, cmp.Or(t.Method, http.MethodGet), t.URL, strings.NewReader(t.Body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Phasemig-Run", in.Run.ID)
	req.Header.Set("X-Phasemig-Phase", string(in.Phase))
	for k, v := range t.Headers {
		req.Header.Set(k, v)
	}
	for k, env := range t.HeaderEnv {
		req.Header.Set(k, os.Getenv(env))
	}
	return req, nil
}

func httpVerdict(name string, t HTTP, status int, body []byte) Verdict {
	evidence := map[string]any{"target": name, "status": status, "body": cut(string(body))}
	switch {
	case slices.Contains(t.Fail, status):
		return Failed(fmt.Sprintf("http %s: status %d", name, status), evidence)
	case !t.good(status):
		return Unsure(fmt.Sprintf("http %s: status %d", name, status), evidence)
	case t.Field == "":
		return Passed(fmt.Sprintf("http %s: status %d", name, status), evidence)
	}
	got, err := field(body, t.Field)
	if err != nil {
		return Unsure(fmt.Sprintf("http %s: %s", name, err), evidence)
	}
	evidence[t.Field] = got
	if got != t.Expect {
		return Failed(fmt.Sprintf("http %s: %s is %q, not %q", name, t.Field, got, t.Expect), evidence)
	}
	return Passed(fmt.Sprintf("http %s: %s is %q", name, t.Field, got), evidence)
}

func (t HTTP) good(status int) bool {
	if len(t.Pass) == 0 {
		return status == http.StatusOK
	}
	return slices.Contains(t.Pass, status)
}

// field reads a dotted path of a JSON answer as text.
func field(body []byte, path string) (string, error) {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return "", fmt.Errorf("the answer is not JSON: %w", err)
	}
	for _, part := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return "", fmt.Errorf("the answer has no field %s", path)
		}
		if v, ok = m[part]; !ok {
			return "", fmt.Errorf("the answer has no field %s", path)
		}
	}
	return plainValue(v), nil
}
