package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/serve"
	"github.com/phasemig/phasemig/throttle"
)

// configFile is looked for in the working directory.
const configFile = "phasemig.yaml"

// Config is phasemig.yaml: where things are and how hard to work. What is to be
// done stands in change files and plans.
type Config struct {
	DefaultEnvironment string                 `yaml:"default_environment"`
	Environments       map[string]Environment `yaml:"environments"`
	Backfill           BackfillConfig         `yaml:"backfill"`
	Locks              LockConfig             `yaml:"locks"`
	Throttle           ThrottleConfig         `yaml:"throttle"`
	Lint               lint.Config            `yaml:"lint"`
	Serve              ServeConfig            `yaml:"serve"`
	gate.Targets       `yaml:",inline"`
}

// Environment is one target and its replicas.
type Environment struct {
	Address  `yaml:",inline"`
	Replicas map[string]Address `yaml:"replicas"`
}

// Address is a URL and where its password is.
type Address struct {
	DSN          string `yaml:"dsn"`
	PasswordEnv  string `yaml:"password_env"`
	PasswordFile string `yaml:"password_file"`
}

// BackfillConfig is the pace of the backfill. Zero values are the engine's own.
type BackfillConfig struct {
	Workers     int           `yaml:"workers"`
	ChunkRows   int           `yaml:"chunk_rows"`
	ChunkTarget time.Duration `yaml:"chunk_target"`
	MaxRate     float64       `yaml:"max_rate"`
	MaxLag      time.Duration `yaml:"max_lag"`
	MaxLatency  time.Duration `yaml:"max_latency"`
	MaxActive   float64       `yaml:"max_active"`
}

// ThrottleConfig is what else may hold the copying of rows back: the server's
// variables, and words from outside.
type ThrottleConfig struct {
	MaxLoad      string        `yaml:"max_load"`
	CriticalLoad string        `yaml:"critical_load"`
	HTTP         throttle.HTTP `yaml:"http"`
	Query        string        `yaml:"query"`
	FlagFile     string        `yaml:"flag_file"`
}

// ServeConfig is what `phasemig serve` is reached by, by whom, and whom it tells.
type ServeConfig struct {
	Listen       string           `yaml:"listen"`     // 127.0.0.1:8461
	PublicURL    string           `yaml:"public_url"` // where clients reach it, behind a proxy
	TLSCert      string           `yaml:"tls_cert"`
	TLSKey       string           `yaml:"tls_key"`
	Environments []string         `yaml:"environments"` // of this file; all when it is left out
	Tokens       []serve.Token    `yaml:"tokens"`
	Notify       []serve.Notifier `yaml:"notify"`
	Operations   int              `yaml:"operations"` // at a time; 8
}

// LockConfig bounds the waits of DDL.
type LockConfig struct {
	Wait         time.Duration `yaml:"wait"`
	Budget       time.Duration `yaml:"budget"`
	KillBlockers bool          `yaml:"kill_blockers"`
}

// readConfig reads the file that is named, or the one in the working directory
// if there is one.
func readConfig(path string) (Config, error) {
	name := path
	if name == "" {
		name = configFile
	}
	b, err := os.ReadFile(name)
	if path == "" && errors.Is(err, os.ErrNotExist) {
		return Config{}, nil
	}
	if err != nil {
		return Config{}, &plans.InputError{What: "configuration", Reason: err.Error()}
	}
	c, err := parseConfig(b)
	if err != nil {
		return Config{}, &plans.InputError{What: name, Reason: err.Error()}
	}
	return c, nil
}

func parseConfig(b []byte) (Config, error) {
	var c Config
	if err := plans.UnknownKeys(b, c); err != nil {
		return c, err
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, plainYAML(err)
	}
	return c, c.validate()
}

func (c *Config) validate() error {
	var errs []error
	if d := c.DefaultEnvironment; d != "" {
		if _, ok := c.Environments[d]; !ok {
			errs = append(errs, fmt.Errorf("default_environment: there is no environment %q", d))
		}
	}
	for _, name := range c.environments() {
		e := c.Environments[name]
		errs = append(errs, e.validate("environments."+name))
		for _, r := range sortedKeys(e.Replicas) {
			errs = append(errs, e.Replicas[r].validate("environments."+name+".replicas."+r))
		}
	}
	return errors.Join(append(errs, c.Backfill.validate(), c.Locks.validate(), c.Throttle.validate(), c.Targets.Validate(), c.Serve.validate(c.Environments))...)
}

func (a Address) validate(at string) error {
	if a.DSN == "" {
		return fmt.Errorf("%s: dsn is needed", at)
	}
	if a.PasswordEnv != "" && a.PasswordFile != "" {
		return fmt.Errorf("%s: password_env and password_file are both given", at)
	}
	return nil
}

func (b BackfillConfig) validate() error {
	negative := b.Workers < 0 || b.ChunkRows < 0 || b.ChunkTarget < 0 || b.MaxRate < 0 || b.MaxLag < 0 || b.MaxLatency < 0 || b.MaxActive < 0
	if negative {
		return errors.New("backfill: a value is negative")
	}
	if b.ChunkTarget > maxChunkTarget {
		return fmt.Errorf("backfill: chunk_target is more than %s, the longest that a batch may keep its rows locked", maxChunkTarget)
	}
	return nil
}

func (t ThrottleConfig) validate() error {
	for name, text := range map[string]string{"max_load": t.MaxLoad, "critical_load": t.CriticalLoad} {
		if _, err := throttle.ParseThresholds(text); err != nil {
			return fmt.Errorf("throttle: %s: %w", name, err)
		}
	}
	if err := t.HTTP.Validate(); err != nil {
		return fmt.Errorf("throttle: %w", err)
	}
	return nil
}

func (s ServeConfig) validate(known map[string]Environment) error {
	var errs []error
	for _, e := range s.Environments {
		if _, ok := known[e]; !ok {
			errs = append(errs, fmt.Errorf("serve: environments: there is no environment %q", e))
		}
	}
	for i, n := range s.Notify {
		if err := n.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("serve: notify[%d]: %w", i, err))
		}
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		errs = append(errs, errors.New("serve: tls_cert and tls_key belong together"))
	}
	if s.Operations < 0 {
		errs = append(errs, errors.New("serve: operations is negative"))
	}
	return errors.Join(errs...)
}

func (l LockConfig) validate() error {
	if l.Wait < 0 || l.Budget < 0 {
		return errors.New("locks: a value is negative")
	}
	return nil
}

// maxChunkTarget is how long a batch may keep its rows locked.
const maxChunkTarget = 200 * time.Millisecond

func (c *Config) environments() []string { return sortedKeys(c.Environments) }

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

var unknownField = regexp.MustCompile(`field (\S+) not found in type \S+`)

// plainYAML says a YAML error without the names of our types.
func plainYAML(err error) error {
	var t *yaml.TypeError
	if !errors.As(err, &t) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var out []error
	for _, e := range t.Errors {
		e = unknownField.ReplaceAllString(e, `unknown key "$1"`)
		out = append(out, errors.New(goType.ReplaceAllString(e, "")))
	}
	return errors.Join(out...)
}

// The target of a value that doesn't fit is said in Go's words: "into cli.Config".
var goType = regexp.MustCompile(` into \S*\.\S+$`)
