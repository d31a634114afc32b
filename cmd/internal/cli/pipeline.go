package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/pipeline"
	"github.com/phasemig/phasemig/plans"
)

func (p *program) pipelineCommand() *cli.Command {
	return &cli.Command{
		Name:      "pipeline",
		Category:  groupPlan,
		Usage:     "write the manifests by which an orchestrator carries out a plan",
		ArgsUsage: "generate PLAN",
		Description: "Each phase becomes a step of its own that may be called again; contract stands in a file for a later\n" +
			"revision. Secrets are named, never written. docs/pipelines.md tells how to use what is made.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "for", Usage: "`ORCHESTRATOR`: " + strings.Join(pipeline.Orchestrators(), ", ")},
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "`FOLDER` to write the files to", DefaultText: "standard output"},
			&cli.StringFlag{Name: "image", Usage: "container `IMAGE` with phasemig as its entry point; needed where Jobs are run"},
			&cli.StringFlag{Name: "app", Usage: "`NAME` of the Rollout, the Canary, or the application of Spinnaker", DefaultText: "app"},
			&cli.StringFlag{Name: "secret", Usage: "`NAME` of the Kubernetes Secret with the keys dsn and password", DefaultText: "phasemig"},
			&cli.StringFlag{Name: "account", Usage: "`NAME` of the Kubernetes account of Spinnaker", DefaultText: "kubernetes"},
			&cli.StringFlag{Name: "serve-url", Usage: "`URL` of phasemig serve, which Flagger asks", DefaultText: "http://phasemig"},
			&cli.StringFlag{Name: "environment", Usage: "`NAME` of the database in the configuration of phasemig serve", DefaultText: "prod"},
			&cli.StringFlag{Name: "install", Usage: "`VERSION` of phasemig that GitHub Actions installs", DefaultText: "latest"},
			&cli.DurationFlag{Name: "wait", Usage: "`TIME` that a step waits for gates and for another runner", DefaultText: "30m"},
			&cli.DurationFlag{Name: "deadline", Usage: "`TIME` after which a step is ended, at a safe point", DefaultText: "5h50m"},
			outputFlag(textOrJSON...),
		},
		Action: p.pipeline,
	}
}

// manifests is the document of the command.
type manifests struct {
	For   string          `json:"for"`
	Run   string          `json:"run"`
	Files []pipeline.File `json:"files"`
}

func (p *program) pipeline(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), textOrJSON...); err != nil {
		return err
	}
	path, err := generated(c)
	if err != nil {
		return err
	}
	pl, err := p.readPlan(path)
	if err != nil {
		return err
	}
	list, err := pipeline.Generate(c.String("for"), pl, pipelineOptions(c, path))
	if errors.Is(err, pipeline.ErrImage) {
		return &usageError{err.Error(), "build one from this program and name it by --image"}
	}
	if err != nil {
		return &plans.InputError{What: "pipeline", Reason: err.Error()}
	}
	return p.deliverManifests(c, manifests{c.String("for"), pl.ID, list})
}

// generated reads the arguments: the word generate, and the plan.
func generated(c *cli.Context) (string, error) {
	usage := func(format string, args ...any) error {
		return &usageError{fmt.Sprintf(format, args...), "phasemig pipeline generate --for " + strings.Join(pipeline.Orchestrators(), "|") + " PLAN"}
	}
	switch {
	case c.Args().First() != "generate":
		return "", usage("pipeline can't %q", c.Args().First())
	case c.NArg() != 2 || c.Args().Get(1) == "":
		return "", usage("one plan file is needed")
	case c.String("for") == "":
		return "", usage("--for is needed")
	}
	return c.Args().Get(1), nil
}

func pipelineOptions(c *cli.Context, path string) pipeline.Options {
	o := pipeline.Options{
		App: c.String("app"), Image: c.String("image"), Secret: c.String("secret"), Account: c.String("account"), Serve: c.String("serve-url"), Environment: c.String("environment"),
		Version: c.String("install"), Wait: c.Duration("wait"), Deadline: c.Duration("deadline"),
	}
	if path != "-" {
		o.PlanFile = filepath.ToSlash(filepath.Clean(path))
	}
	return o
}

func (p *program) deliverManifests(c *cli.Context, m manifests) error {
	dir := c.String("out")
	if c.IsSet("out") && dir == "" {
		return usagef("--out is empty")
	}
	if dir != "" {
		if err := writeManifests(dir, m.Files); err != nil {
			return err
		}
	}
	p.emit(m, func(g *page) {
		for _, f := range m.Files {
			if dir != "" {
				g.line("%s", filepath.Join(dir, f.Name))
				continue
			}
			g.line("# FILE %s", f.Name)
			g.buf.WriteString(f.Text)
		}
	})
	return nil
}

func writeManifests(dir string, list []pipeline.File) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the manifests: %w", err)
	}
	for _, f := range list {
		if err := os.WriteFile(filepath.Join(dir, f.Name), []byte(f.Text), 0o644); err != nil {
			return fmt.Errorf("write a manifest: %w", err)
		}
	}
	return nil
}
