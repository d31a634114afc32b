package lint

import (
	"path"
	"strings"
)

// Config is the lint section of phasemig.yaml.
type Config struct {
	// Dialect, ServerVersion and Schema are taken where the command line doesn't say.
	Dialect       string   `yaml:"dialect"`
	ServerVersion string   `yaml:"server_version"`
	Schema        string   `yaml:"schema"`
	FailOn        Severity `yaml:"fail_on"`
	Baseline      string   `yaml:"baseline"`
	// Rules give rules another severity; Paths do so below a path. Later entries win.
	Rules map[string]Severity `yaml:"rules"`
	Paths []PathConfig        `yaml:"paths"`
}

// PathConfig holds for files whose path matches: a glob, or a folder with everything below it.
type PathConfig struct {
	Path          string              `yaml:"path"`
	Rules         map[string]Severity `yaml:"rules"`
	Format        Format              `yaml:"format"`
	InTransaction *bool               `yaml:"in_transaction"`
	Skip          bool                `yaml:"skip"`
}

// Matches reports whether the entry holds for a file.
func (p PathConfig) Matches(file string) bool {
	file = path.Clean(strings.ReplaceAll(file, `\`, "/"))
	pattern := strings.TrimSuffix(strings.TrimSuffix(path.Clean(p.Path), "/**"), "/")
	if file == pattern || strings.HasPrefix(file, pattern+"/") || pattern == "." {
		return true
	}
	if ok, _ := path.Match(pattern, file); ok {
		return true
	}
	ok, _ := path.Match(pattern, path.Base(file))
	return ok && !strings.Contains(pattern, "/")
}

// Severity gives a finding its severity as configured.
func (c *Config) Severity(file, rule string, own Severity) Severity {
	if s, ok := c.Rules[rule]; ok {
		own = s
	}
	for _, p := range c.Paths {
		if s, ok := p.Rules[rule]; ok && p.Matches(file) {
			own = s
		}
	}
	return own
}

// Reading is how a file is read as configured.
func (c *Config) Reading(file string, r Reading) (Reading, bool) {
	for _, p := range c.Paths {
		if !p.Matches(file) {
			continue
		}
		if p.Skip {
			return r, false
		}
		if p.Format != "" {
			r.Format = p.Format
		}
		if p.InTransaction != nil {
			r.InTransaction = p.InTransaction
		}
	}
	return r, true
}

// Unknown lists rules of the configuration that no dialect has.
func (c *Config) Unknown(has func(rule string) bool) []string {
	var out []string
	check := func(m map[string]Severity) {
		for r := range m {
			if !has(r) {
				out = append(out, r)
			}
		}
	}
	check(c.Rules)
	for _, p := range c.Paths {
		check(p.Rules)
	}
	return out
}
