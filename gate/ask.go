package gate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// question is a request to a system beside the database. The token comes from the runner's
// environment and shows nowhere.
type question struct {
	method, url string
	body        []byte
	header      map[string]string
	client      *http.Client // nil: the default one
	timeout     time.Duration
}

// answer is what came back. Retry is when the server wants to be asked again.
type answer struct {
	status int
	body   []byte
	retry  time.Duration
}

// longestAnswer bounds what is read of an answer: a list of all pods of a large namespace is some megabytes.
const longestAnswer = 32 << 20

func ask(ctx context.Context, q question) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(q.timeout, 10*time.Second))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, cmp.Or(q.method, http.MethodGet), q.url, bytes.NewReader(q.body))
	if err != nil {
		return answer{}, err
	}
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	for k, v := range q.header {
		req.Header.Set(k, v)
	}
	resp, err := cmp.Or(q.client, http.DefaultClient).Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("no answer: %w", err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		a.retry = time.Duration(s) * time.Second
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, longestAnswer+1))
	if err != nil {
		return a, fmt.Errorf("read the answer: %w", err)
	}
	if len(a.body) > longestAnswer {
		return a, fmt.Errorf("the answer is longer than %d bytes", longestAnswer)
	}
	return a, nil
}

// into reads the answer as JSON.
func (a answer) into(v any) error {
	if err := json.Unmarshal(a.body, v); err != nil {
		return fmt.Errorf("the answer is not the JSON that was expected: %w", err)
	}
	return nil
}

// tokenFrom reads a secret that phasemig.yaml names by its variable.
func tokenFrom(env string) (string, error) {
	if env == "" {
		return "", nil
	}
	v := os.Getenv(env)
	if v == "" {
		return "", fmt.Errorf("token_env names %s, which is not set", env)
	}
	return v, nil
}

// pick finds a target by name; without one it is the only one that there is.
func pick[T any](kind string, all map[string]T, name string) (T, string, error) {
	if t, ok := all[name]; ok {
		return t, name, nil
	}
	var zero T
	if name != "" {
		return zero, name, fmt.Errorf("%s target %q is not defined in this runner's phasemig.yaml", kind, name)
	}
	if len(all) != 1 {
		return zero, "", fmt.Errorf("the plan names no target and this runner's phasemig.yaml defines %d under %s: name one", len(all), kind)
	}
	for n, t := range all {
		return t, n, nil
	}
	return zero, "", nil // not reached: there is one
}
