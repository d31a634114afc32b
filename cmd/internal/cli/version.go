package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

func (p *program) versionCommand() *cli.Command {
	return &cli.Command{
		Name:     "version",
		Category: groupMore,
		Usage:    "tell the version, and which plans and state it reads",
		Flags:    []cli.Flag{outputFlag(textOrJSON...)},
		Action:   p.version,
	}
}

// versionResult is the document of the version command.
type versionResult struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Plan    int    `json:"plan_format"`
	State   int    `json:"state_version"`
}

func (p *program) version(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), textOrJSON...); err != nil {
		return err
	}
	v := versionResult{version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, plans.Format, state.Version}
	p.emit(v, func(g *page) {
		g.line("phasemig %s (%s, %s/%s); plan format %d, state version %d", v.Version, v.Go, v.OS, v.Arch, v.Plan, v.State)
	})
	return nil
}

// stamped is put in by the linker (-X) where a build has no history to read: in releases and images.
var stamped string

// version is what the linker or the go command stamped into the binary.
func version() string {
	if stamped != "" {
		return stamped
	}
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "(devel)"
}
