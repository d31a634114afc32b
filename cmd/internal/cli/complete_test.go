package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestComplete(t *testing.T) {
	p := &program{}
	for line, want := range map[string][]string{
		"":                         {"init", "plan", "apply", "status", "completion"},
		"pipeline":                 {"generate"},
		"canary":                   {"judge"},
		"apply --ph":               {"--phase"},
		"apply --phase":            {"expand", "switch", "contract"},
		"apply plan.json --output": {"text", "json", "jsonl", "github", "spinnaker"},
		"plan --strategy":          {"auto", "native", "sync", "shadow"},
		"token --scope":            {"lint", "read", "run", "approve", "admin"},
		"status --w":               {"--watch"},
		"canary judge --base":      {"--baseline", "--baseline-labels"},
		"completion":               {"bash", "fish", "zsh"},
		"demo":                     {"postgres", "mysql", "mariadb"},
	} {
		got := p.complete(strings.Fields(line))
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%q: no %s in %v", line, w, got)
			}
		}
	}
	for _, line := range []string{"apply", "apply plan.json", "plan --gates", "plan --change", "no-such", "status x"} {
		if got := p.complete(strings.Fields(line)); len(got) > 0 {
			t.Errorf("%q: %v, and files were wanted", line, got)
		}
	}
}

// TestBashCompletes runs the script in bash, with this very program on the path.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// testscript.Main runs the command that the file is called.
	if err := os.Symlink(self, filepath.Join(dir, "phasemig")); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"phasemig app":                            "apply approve",
		"phasemig apply --ph":                     "--phase",
		"phasemig apply plan.json --phase ":       "expand switch contract",
		"phasemig apply plan.json --phase s":      "switch",
		"phasemig apply plan.json --output json":  "json jsonl",
		"phasemig completion ":                    "bash zsh fish",
		"phasemig apply plan.json --no-such-flag": "",
	} {
		script := `source <(phasemig completion bash)
read -ra COMP_WORDS <<<"$LINE"; [[ "$LINE" == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _phasemig; echo "${COMPREPLY[*]}"`
		cmd := exec.CommandContext(t.Context(), bash, "-c", script)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "LINE="+line)
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%q: got %q, want %q (%v)", line, got, want, err)
		}
	}
}

// TestCompletionScripts: each is for the shell that it names, and speaks as the library does.
func TestCompletionScripts(t *testing.T) {
	for shell, script := range completions {
		if !strings.Contains(script, "phasemig completion "+shell) || !strings.Contains(script, "--generate-bash-completion") {
			t.Errorf("%s:\n%s", shell, script)
		}
	}
	if code, stderr := call(t.Context(), Host{}, "completion", "tcsh"); code != exitUsage || !strings.Contains(stderr, "bash, fish, zsh") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}
