package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Flags is a system that holds feature flags: exactly one of OFREP, Unleash and File is set.
type Flags struct {
	// OFREP is the base URL of a server that speaks the OpenFeature Remote Evaluation Protocol.
	OFREP string `yaml:"ofrep"`
	// Context is what OFREP evaluates a flag for; targetingKey is "phasemig" unless it is set.
	Context map[string]any `yaml:"context"`
	// Unleash is the base URL of its API, like https://unleash.example/api; the token is one for
	// backends, and decides which environment is asked.
	Unleash string `yaml:"unleash"`
	// File is a flag definition of flagd, JSON or YAML.
	File     string        `yaml:"file"`
	TokenEnv string        `yaml:"token_env"` // the variable that holds the token
	Timeout  time.Duration `yaml:"timeout"`   // 10 s
}

func (f Flags) validate() error {
	n := 0
	for _, s := range []string{f.OFREP, f.Unleash, f.File} {
		if s != "" {
			n++
		}
	}
	if n != 1 {
		return errors.New("want exactly one of ofrep, unleash and file")
	}
	return nil
}

func (f Flags) look(ctx context.Context, key string) (flagState, error) {
	token, err := tokenFrom(f.TokenEnv)
	if err != nil {
		return flagState{}, err
	}
	switch {
	case f.OFREP != "":
		return f.ofrep(ctx, key, token)
	case f.Unleash != "":
		return f.unleash(ctx, key, token)
	}
	return f.file(key)
}

// ofrep evaluates the flag for one context. What it answers holds for everybody only where the
// reason says so: STATIC, no rule is there; DISABLED, no rule is looked at. See service/openapi.yaml of
// open-feature/protocol, version 0.3: there "value" may be missing, which means the code's default.
func (f Flags) ofrep(ctx context.Context, key, token string) (flagState, error) {
	about := map[string]any{"targetingKey": "phasemig"}
	maps.Copy(about, f.Context)
	body, err := json.Marshal(map[string]any{"context": about})
	if err != nil {
		return flagState{}, fmt.Errorf("encode the context: %w", err)
	}
	q := question{method: http.MethodPost, url: strings.TrimSuffix(f.OFREP, "/") + "/ofrep/v1/evaluate/flags/" + url.PathEscape(key), body: body, timeout: f.Timeout}
	if token != "" {
		q.header = map[string]string{"Authorization": "Bearer " + token}
	}
	a, err := ask(ctx, q)
	if err != nil {
		return flagState{}, err
	}
	var got struct {
		Value        any            `json:"value"`
		Reason       string         `json:"reason"`
		Variant      string         `json:"variant"`
		Metadata     map[string]any `json:"metadata"`
		ErrorCode    string         `json:"errorCode"`
		ErrorDetails string         `json:"errorDetails"`
	}
	s := flagState{raw: cut(string(a.body)), retry: a.retry}
	readable := a.into(&got)
	switch {
	case a.status == http.StatusNotFound && readable == nil && got.ErrorCode == "FLAG_NOT_FOUND":
		return s, nil
	case a.status != http.StatusOK && got.ErrorCode != "":
		return s, fmt.Errorf("status %d: %s %s", a.status, got.ErrorCode, got.ErrorDetails)
	case a.status != http.StatusOK:
		return s, fmt.Errorf("status %d", a.status)
	case readable != nil:
		return s, readable
	}
	s.found, s.value, s.variant = true, got.Value, got.Variant
	if got.Value == nil {
		s.unsure = "the answer has no value (reason " + got.Reason + "): the application uses what its code says"
	}
	s.everybody, s.because = got.Reason == "STATIC" || got.Reason == "DISABLED", "reason "+got.Reason
	s.metadata(got.Metadata)
	return s, nil
}

// metadata reads what flagd's users write there by custom; it has no form of its own.
func (s *flagState) metadata(m map[string]any) {
	s.kind, s.expires = text(m, "type", ""), text(m, "expires", "")
	if t, ok := m["expires"].(time.Time); ok { // YAML reads a day as its first moment
		s.expires = strings.TrimSuffix(t.Format(time.RFC3339), "T00:00:00Z")
	}
}

// unleash reads the flag's definition as a backend's SDK gets it. A flag is on for everybody if it is enabled
// and has no strategy at all, or one of its strategies, which are joined by OR, excludes nobody.
func (f Flags) unleash(ctx context.Context, key, token string) (flagState, error) {
	q := question{url: strings.TrimSuffix(f.Unleash, "/") + "/client/features/" + url.PathEscape(key), timeout: f.Timeout}
	if token != "" {
		q.header = map[string]string{"Authorization": token}
	}
	a, err := ask(ctx, q)
	if err != nil {
		return flagState{}, err
	}
	s := flagState{raw: cut(string(a.body)), retry: a.retry}
	if a.status == http.StatusNotFound {
		return s, nil
	}
	if a.status != http.StatusOK {
		return s, fmt.Errorf("status %d", a.status)
	}
	var got unleashFlag
	if err := a.into(&got); err != nil {
		return s, err
	}
	if got.Name != key || got.Enabled == nil {
		return s, fmt.Errorf("the answer is no definition of the flag %s", key)
	}
	s.found, s.kind, s.timed, s.stale = true, got.Type, true, got.Stale
	s.value, s.everybody, s.because = got.state()
	return s, nil
}

// unleashFlag is the part of clientFeatureSchema that decides.
type unleashFlag struct {
	Name         string            `json:"name"`
	Type         string            `json:"type"`
	Enabled      *bool             `json:"enabled"`
	Stale        bool              `json:"stale"`
	Strategies   []unleashStrategy `json:"strategies"`
	Dependencies []any             `json:"dependencies"`
}

type unleashStrategy struct {
	Name        string         `json:"name"`
	Parameters  map[string]any `json:"parameters"`
	Constraints []any          `json:"constraints"`
	Segments    []any          `json:"segments"`
	Disabled    bool           `json:"disabled"`
}

func (s unleashStrategy) takesAll() bool {
	if s.Disabled || len(s.Constraints) > 0 || len(s.Segments) > 0 {
		return false
	}
	return s.Name == "default" || s.Name == "flexibleRollout" && fmt.Sprint(s.Parameters["rollout"]) == "100"
}

func (u unleashFlag) state() (value any, everybody bool, because string) {
	if !*u.Enabled {
		return false, true, "disabled in the environment of the token"
	}
	if len(u.Dependencies) > 0 {
		return true, false, "it depends on another flag"
	}
	if len(u.Strategies) == 0 {
		return true, true, "enabled, without a strategy"
	}
	for _, s := range u.Strategies {
		if s.takesAll() {
			return true, true, "strategy " + s.Name + " takes everybody"
		}
	}
	return true, false, "none of its strategies takes everybody"
}

// file reads a definition of flagd.
func (f Flags) file(key string) (flagState, error) {
	b, err := os.ReadFile(f.File)
	if err != nil {
		return flagState{}, err
	}
	var got struct {
		Flags    map[string]flagdFlag `yaml:"flags"`
		Metadata map[string]any       `yaml:"metadata"`
	}
	if err := yaml.Unmarshal(b, &got); err != nil { // JSON is YAML, too
		return flagState{}, fmt.Errorf("read %s: %w", f.File, err)
	}
	if got.Flags == nil {
		return flagState{}, fmt.Errorf("%s has no flags: it is no definition of flagd", f.File)
	}
	d, ok := got.Flags[key]
	if !ok {
		return flagState{raw: "not in " + f.File}, nil
	}
	return d.state(got.Metadata)
}

// flagdFlag is one flag of a definition. defaultVariant may be null: then the code decides.
type flagdFlag struct {
	State          string         `yaml:"state" json:"state"`
	Variants       map[string]any `yaml:"variants" json:"variants"`
	DefaultVariant any            `yaml:"defaultVariant" json:"defaultVariant"`
	Targeting      map[string]any `yaml:"targeting" json:"targeting,omitempty"`
	Metadata       map[string]any `yaml:"metadata" json:"metadata,omitempty"`
}

func (d flagdFlag) state(common map[string]any) (flagState, error) {
	s := flagState{found: true, everybody: true, because: "no targeting"}
	if raw, err := json.Marshal(d); err == nil {
		s.raw = cut(string(raw))
	}
	meta := map[string]any{}
	maps.Copy(meta, common)
	maps.Copy(meta, d.Metadata)
	s.metadata(meta)
	s.variant = plainValue(d.DefaultVariant)
	value, known := d.Variants[s.variant]
	switch {
	case d.State != "ENABLED" && d.State != "DISABLED":
		return s, fmt.Errorf("state %q is neither ENABLED nor DISABLED", d.State)
	case d.State == "DISABLED":
		s.unsure = "it is disabled: the application uses what its code says"
	case len(d.Targeting) > 0:
		s.unsure = "it has targeting: its value depends on who asks"
	case d.DefaultVariant == nil:
		s.unsure = "it has no default variant: the application uses what its code says"
	case !known:
		return s, fmt.Errorf("its default variant %q is not among its variants", s.variant)
	}
	s.value = value
	return s, nil
}
