package bench

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"
)

// Peer is another tool that made the same change, in the same rounds.
type Peer struct {
	Name    string    `json:"name"`
	Version string    `json:"version"`
	Took    []float64 `json:"s"`
	Ratio   float64   `json:"phasemig_over_peer"` // median of the rounds' ratios; less than 1: phasemig is faster
	Failed  string    `json:"failed,omitempty"`   // its last words, when it didn't do it
}

// tool is a peer as it is called.
type tool struct {
	name    string
	version string // the flag that tells it
	args    func(host, port string) []string
}

// alteration is what all of them are asked for.
const alteration = "MODIFY k BIGINT NOT NULL DEFAULT 0"

// tools are looked for on PATH. They are called as their manuals say for a server without replicas, with their
// own defaults.
var tools = []tool{
	{"pt-online-schema-change", "--version", func(host, port string) []string {
		return []string{"--alter", alteration, "--execute", "--no-version-check", "--recursion-method", "none", fmt.Sprintf("h=%s,P=%s,u=root,D=bench,t=sbtest1", host, port)}
	}},
	{"gh-ost", "--version", func(host, port string) []string {
		return []string{"--host", host, "--port", port, "--user", "root", "--password", "", "--database", "bench", "--table", "sbtest1", "--alter", alteration,
			"--allow-on-master", "--assume-rbr", "--initially-drop-ghost-table", "--initially-drop-old-table", "--ok-to-drop-table", "--execute"}
	}},
	{"spirit", "--version", func(host, port string) []string {
		return []string{"migrate", "--host", net.JoinHostPort(host, port), "--username", "root", "--password", "", "--database", "bench", "--table", "sbtest1", "--alter", alteration}
	}},
}

// installed are the tools that are on PATH.
func installed(ctx context.Context) []*Peer {
	var out []*Peer
	for _, t := range tools {
		if _, err := exec.LookPath(t.name); err != nil {
			continue
		}
		version, _ := exec.CommandContext(ctx, t.name, t.version).CombinedOutput() // one that doesn't tell has none to show
		out = append(out, &Peer{Name: t.name, Version: lastLine(version)})
	}
	return out
}

// run makes the change by a peer, unless it has failed before. A peer that fails is a line of the result,
// not an end of the measurement.
func (p *Peer) run(ctx context.Context, addr string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || p.Failed != "" {
		return
	}
	for _, t := range tools {
		if t.name != p.Name {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
		defer cancel()
		begin := time.Now()
		out, err := exec.CommandContext(ctx, t.name, t.args(host, port)...).CombinedOutput()
		if err != nil {
			p.Failed = fmt.Sprintf("%v: %s", err, lastLine(out))
			return
		}
		p.Took = append(p.Took, time.Since(begin).Seconds())
	}
}

func lastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}
