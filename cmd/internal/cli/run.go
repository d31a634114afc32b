package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/dialect"
)

// Host is the process around a call.
type Host struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Open           dialect.Open // by the scheme of a target's URL
	// Planner is what is known of a dialect without a server, by the name that plans give it.
	Planner func(name string) (dialect.Planner, bool)
}

// program is one call of the command line.
type program struct {
	Host
	command  string   // that is run
	argument string   // its first one, for hints
	secrets  []string // never printed, see redact
	format   format
	result   any    // what --output json prints at the end
	summary  string // Markdown of the result, for the summary of a step
	failed   error  // the first write to stdout that didn't go through
}

// Run runs one command and returns its exit code. Canceling ctx means that
// the process was asked to end.
func Run(ctx context.Context, args []string, h Host) int {
	p := &program{Host: h, format: formatText}
	if asJSON(args) {
		p.format = formatJSON
	}
	p.Stdout = &watched{h.Stdout, &p.failed}
	if askedToComplete(args) {
		return p.answerCompletion(args)
	}
	app := p.app()
	args, err := p.arrange(app.Commands, args)
	if err == nil {
		err = app.RunContext(ctx, args)
	}
	return p.finish(ctx, err)
}

func (p *program) app() *cli.App {
	a := cli.NewApp()
	a.Name = "phasemig"
	a.Usage = "change the schema of a live database in three phases, each gated, resumable and reversible"
	a.Version = version()
	a.Commands = p.commands()
	a.Writer, a.ErrWriter, a.Reader = p.Stdout, p.Stderr, p.Stdin
	a.CustomAppHelpTemplate = helpText(a)
	a.Action = p.noCommand
	a.OnUsageError = wrapUsage
	a.DisableSliceFlagSeparator = true // a DSN may hold commas
	// The library's own handler exits the process below the deferred calls and
	// doesn't look through wrapped errors: exit codes are given by exitCode alone.
	a.ExitErrHandler = func(*cli.Context, error) {}
	for _, c := range a.Commands {
		dress(c)
	}
	return a
}

func (p *program) commands() []*cli.Command {
	return []*cli.Command{
		p.initCommand(), p.planCommand(), p.factsCommand(), p.showCommand(), p.lintCommand(), p.pipelineCommand(), p.drillCommand(),
		p.applyCommand(), p.rollbackCommand(), p.abortCommand(), p.cleanupCommand(),
		p.statusCommand(), p.listCommand(), p.gatesCommand(), p.auditCommand(), p.reportCommand(), p.canaryCommand(), p.verifyCommand(), p.doctorCommand(),
		p.approveCommand(), p.pauseCommand(), p.resumeCommand(), p.throttleCommand(),
		p.serveCommand(), p.tokenCommand(),
		p.demoCommand(), p.completionCommand(), p.versionCommand(),
	}
}

func (p *program) noCommand(c *cli.Context) error {
	if c.Args().Present() {
		return &usageError{fmt.Sprintf("there is no command %q", c.Args().First()), "phasemig help lists the commands"}
	}
	c.App.Writer = p.Stderr
	_ = cli.ShowAppHelp(c)
	return usagef("a command is needed")
}

// dress gives a command what all commands have.
func dress(c *cli.Command) {
	c.OnUsageError = wrapUsage
	c.HideHelpCommand = true // else a run named "help" couldn't be named
	c.CustomHelpTemplate = commandHelp
	for _, f := range c.Flags {
		if b, ok := f.(*cli.BoolFlag); ok {
			b.DisableDefaultText = true
		}
	}
}

// finish prints the end of the call, once, in the form that was asked for.
func (p *program) finish(ctx context.Context, err error) int {
	if err != nil {
		pr := p.describe(ctx, err)
		pr.Message, pr.Hint = p.redact(pr.Message), p.redact(pr.Hint)
		p.printProblem(pr)
		p.printEnd(&pr)
		return pr.Exit
	}
	p.printEnd(nil)
	if p.failed != nil {
		fmt.Fprintf(p.Stderr, "phasemig: write the result: %v\n", p.failed)
		return exitError
	}
	return exitDone
}

// printEnd writes the closing document of the JSON formats.
func (p *program) printEnd(pr *problem) {
	switch {
	case p.format == formatText || p.format == formatMarkdown:
	case p.format == formatGitHub:
		p.endGitHub(pr)
	case p.format == formatSpinnaker:
		p.endSpinnaker(pr)
	case p.format == formatLines && pr == nil:
		p.line("result", p.result)
	case p.format == formatLines:
		p.line("error", ending{pr, p.result})
	case pr == nil && p.result != nil:
		p.document(p.result)
	case pr != nil:
		p.document(ending{pr, p.result})
	}
}

// ending is the document of a call that failed; what was reached stands beside
// the error.
type ending struct {
	Error  *problem `json:"error"`
	Result any      `json:"result,omitempty"`
}

func (p *program) document(v any) {
	if raw, ok := v.([]byte); ok {
		_, _ = p.Stdout.Write(raw)
		return
	}
	e := json.NewEncoder(p.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v)
}

// line writes one JSON line: the fields of v with the kind of event in front.
func (p *program) line(kind string, v any) {
	b, err := json.Marshal(v)
	if err != nil || len(b) == 0 || b[0] != '{' {
		b = []byte("{}")
	}
	head := fmt.Appendf(nil, `{"event":%q`, kind)
	if len(b) > 2 {
		head = append(head, ',')
	}
	_, _ = p.Stdout.Write(slices.Concat(head, b[1:], []byte("\n")))
}

// watched remembers the first write that failed: a result that didn't reach
// its reader is no success.
type watched struct {
	io.Writer
	failed *error
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if err != nil && *w.failed == nil {
		*w.failed = err
	}
	return n, err
}

// usageError is a call that can't be meant.
type usageError struct{ text, hint string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...)}
}

func wrapUsage(_ *cli.Context, err error, _ bool) error {
	var u *usageError
	if errors.As(err, &u) {
		return err
	}
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if unknown {
		return usagef("there is no flag --%s", strings.TrimPrefix(name, "-"))
	}
	return &usageError{text: err.Error()}
}
