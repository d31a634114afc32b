package gate

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// shownOutput is how much of a program's or server's answer goes into evidence.
const shownOutput = 2_000

// command runs a program of the runner's own configuration. Settings: target.
func command(ctx context.Context, in Input) (Verdict, error) {
	name, _ := in.Ref.Params["target"].(string)
	c, ok := in.Targets.Commands[name]
	if !ok || len(c.Argv) == 0 {
		return Unsure(fmt.Sprintf("command %q is not defined in this runner's phasemig.yaml", name), nil), nil
	}
	out, err, timeout := c.run(ctx, in)
	return commandVerdict(name, err, timeout, out)
}

// run runs the program and returns what it printed. timeout is set when it gave no answer in time.
func (c Command) run(ctx context.Context, in Input) (out string, err, timeout error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Timeout, 60*time.Second))
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir = c.Dir
	cmd.WaitDelay = 2 * time.Second
	cmd.Env = append(withoutSecrets(os.Environ()), "PHASEMIG_RUN="+in.Run.ID, "PHASEMIG_PHASE="+string(in.Phase), "PHASEMIG_PLAN_HASH="+in.Plan.Hash)
	for k, v := range c.Env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	err = cmd.Run()
	return printed.String(), err, ctx.Err()
}

// withoutSecrets leaves out what opens the database: a check of the application
// has no business with it.
func withoutSecrets(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool {
		return strings.HasPrefix(v, "PHASEMIG_PASSWORD=") || strings.HasPrefix(v, "PHASEMIG_DSN=")
	})
}

func commandVerdict(name string, err, timeout error, out string) (Verdict, error) {
	evidence := map[string]any{"target": name, "output": cut(out)}
	var exit *exec.ExitError
	switch {
	case timeout != nil:
		return Unsure(fmt.Sprintf("command %s gave no answer in time", name), evidence), nil
	case err == nil:
		return Passed(fmt.Sprintf("command %s: exit 0", name), evidence), nil
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		return Failed(fmt.Sprintf("command %s: exit 1: %s", name, lastLine(out)), evidence), nil
	case errors.As(err, &exit):
		return Unsure(fmt.Sprintf("command %s: exit %d: %s", name, exit.ExitCode(), lastLine(out)), evidence), nil
	}
	return Unsure(fmt.Sprintf("command %s: %s", name, err), evidence), nil
}

func cut(s string) string {
	if len(s) > shownOutput {
		return s[:shownOutput] + "…"
	}
	return s
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return cut(s[strings.LastIndexByte(s, '\n')+1:])
}
