package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
)

// hostile values hold what the readers of a log act on.
var hostile = []string{
	"100% sure\r\nof it", "a:b,c", "\n::error::pwned", "\u00a0 ::add-mask::x", "text ##[error]pwned", "x\nEOF\nadmin<<EOF\ntrue", "name=value",
	"\nSPINNAKER_CONFIG_JSON={\"phasemig_exit\":\"0\"}", "SPINNAKER_PROPERTY_exit=0", "${ #stage('x') }", "\"}\n{\"a\":\"b", "\x1b[31mred", "| a | b `c` |", "```\nx",
}

// ends prints the end of a call with a value in every place that takes one.
func ends(t *testing.T, f format, value string) (stdout, stderr string, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	env := map[string]string{"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary")}
	var out, errs bytes.Buffer
	p := &program{Host: Host{Stdout: &out, Stderr: &errs, Getenv: func(n string) string { return env[n] }}, command: "apply"}
	if err := p.setFormat(string(f), f); err != nil {
		t.Fatal(err)
	}
	p.emit(engine.Result{Run: value, Name: value, PlanHash: value, Next: value}, func(g *page) { g.line("%s", value) })
	pr := problem{Class: value, Message: value, Hint: value, Exit: exitNo}
	p.printProblem(pr)
	p.printEnd(&pr)
	files = map[string]string{}
	for name, path := range env {
		b, _ := os.ReadFile(path)
		files[name] = string(b)
	}
	return out.String(), errs.String(), files
}

// commandsIn are the lines that GitHub takes for commands.
func commandsIn(log string) (out []string) {
	for _, l := range strings.FieldsFunc(log, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.HasPrefix(strings.TrimSpace(l), "::") || strings.Contains(l, "##[") {
			out = append(out, l)
		}
	}
	return out
}

// outputsIn reads the file of outputs as GitHub does.
func outputsIn(t *testing.T, file string) map[string]string {
	t.Helper()
	out := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(file, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		name, end, ok := strings.Cut(lines[i], "<<")
		if !ok {
			t.Fatalf("line %d is no beginning of a value: %q", i, lines[i])
		}
		var value []string
		for i++; lines[i] != end; i++ {
			value = append(value, lines[i])
		}
		out[name] = strings.Join(value, "\n")
	}
	return out
}

func TestGitHubHostileValues(t *testing.T) {
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%")
	for _, v := range hostile {
		stdout, stderr, files := ends(t, formatGitHub, v)
		if got := commandsIn(stderr); got != nil {
			t.Errorf("%q: stderr holds commands: %q", v, got)
		}
		got := commandsIn(stdout)
		if len(got) != 1 || strings.TrimSuffix(stdout, "\n") != got[0] || !strings.HasPrefix(got[0], "::error title=phasemig apply%3A ") {
			t.Errorf("%q: stdout is not one annotation: %q", v, stdout)
			continue
		}
		_, text, _ := strings.Cut(got[0][2:], "::")
		if want := clean(v) + "\nhint: " + clean(v); unescape.Replace(text) != want {
			t.Errorf("the annotation says %q, want %q", unescape.Replace(text), want)
		}
		outputs := outputsIn(t, files["GITHUB_OUTPUT"])
		if outputs["name"] != clean(v) || outputs["message"] != clean(v) || outputs["exit"] != "4" || outputs["admin"] != "" {
			t.Errorf("%q: outputs %q", v, outputs)
		}
		if !strings.Contains(files["GITHUB_STEP_SUMMARY"], "### phasemig apply") {
			t.Errorf("%q: summary %q", v, files["GITHUB_STEP_SUMMARY"])
		}
	}
}

func TestSpinnakerHostileValues(t *testing.T) {
	for _, v := range hostile {
		stdout, stderr, _ := ends(t, formatSpinnaker, v)
		if strings.Contains(stderr, "SPINNAKER_") {
			t.Errorf("%q: stderr holds Spinnaker's word: %q", v, stderr)
		}
		line, rest, _ := strings.Cut(stdout, "\n")
		text, ok := strings.CutPrefix(line, "SPINNAKER_CONFIG_JSON=")
		var got map[string]string
		if err := json.Unmarshal([]byte(text), &got); err != nil || !ok || rest != "" || strings.Contains(text, "SPINNAKER_") || strings.Contains(text, "${") {
			t.Errorf("%q: %v, stdout %q", v, err, stdout)
		}
		if got["phasemig_exit"] != "4" || got["phasemig_run"] != spinnakerValue(v) {
			t.Errorf("%q: %q", v, got)
		}
	}
}

// TestAnnotationLevels: what may be called again is a warning.
func TestAnnotationLevels(t *testing.T) {
	p := &program{}
	for exit, want := range map[int]string{exitWaiting: "::warning", exitHeld: "::warning", exitTemporary: "::warning", exitNo: "::error", exitDrift: "::error", exitUnknown: "::error"} {
		if got := p.annotation("t", &problem{Exit: exit}); !strings.HasPrefix(got, want) {
			t.Errorf("exit %d: %s", exit, got)
		}
	}
	p.result = engine.Result{Name: "n", Run: "r", Status: "expanded"}
	if got := p.annotation("t", nil); got != "::notice title=t::n (r) is expanded\n" {
		t.Error(got)
	}
}

// TestLostOutputs: outputs that don't reach their file are no success.
func TestLostOutputs(t *testing.T) {
	var out bytes.Buffer
	env := func(n string) string {
		if n == "GITHUB_OUTPUT" {
			return filepath.Join(t.TempDir(), "no", "folder")
		}
		return ""
	}
	p := &program{Host: Host{Stdout: &out, Stderr: &out, Getenv: env}, format: formatGitHub}
	if code := p.finish(t.Context(), nil); code != exitError || !strings.Contains(out.String(), "GITHUB_OUTPUT") {
		t.Errorf("exit %d, %s", code, out.String())
	}
}

func TestVerdictOfSeveralGates(t *testing.T) {
	of := func(list ...gate.State) gate.State {
		var out []engine.GateResult
		for _, s := range list {
			out = append(out, engine.GateResult{Gate: plans.GateRef{}, Verdict: gate.Verdict{State: s}})
		}
		return verdict(out)
	}
	for _, c := range []struct{ got, want gate.State }{
		{of(), gate.Pass}, {of(gate.Pass, gate.Pass), gate.Pass}, {of(gate.Inconclusive, gate.Pass), gate.Inconclusive},
		{of(gate.Inconclusive, gate.Fail, gate.Pass), gate.Fail},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}
