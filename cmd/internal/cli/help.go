package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// helpText is what `phasemig help` prints: the main job first, then the
// commands in the order in which they are listed in the program, by group.
func helpText(a *cli.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, "phasemig: %s\n%s", a.Usage, mainJob)
	group := ""
	for _, c := range a.Commands {
		if c.Category != group {
			group = c.Category
			fmt.Fprintf(&b, "\n%s\n", group)
		}
		fmt.Fprintf(&b, "  %-9s  %s\n", c.Name, c.Usage)
	}
	return b.String() + closing
}

// The groups of commands.
const (
	groupPlan  = "Decide:"
	groupRun   = "Carry out, and take back:"
	groupLook  = "Look:"
	groupSteer = "Steer a run that is at work:"
	groupServe = "Serve orchestrators and browsers:"
	groupMore  = "More:"
)

const mainJob = `
  phasemig plan --change rename.yaml --dsn postgres://app@db/shop -o plan.json
  phasemig apply plan.json --phase expand       old and new code may run side by side
  phasemig apply plan.json --phase switch       opens when its gates pass
  phasemig apply plan.json --phase contract     only when asked for by name
  phasemig rollback plan.json                   at any moment until the final drop
`

const closing = `
phasemig COMMAND --help tells a command's flags.
Target    --dsn, --env, PHASEMIG_DSN, or default_environment in phasemig.yaml
Password  PHASEMIG_PASSWORD, or as phasemig.yaml says; never on the command line
Exit      0 done · 1 error · 2 lint findings · 3 waiting · 4 a gate said no · 5 drift · 6 another runner
          7 outcome unknown · 8 rows differ · 9 refused · 64 usage · 75 temporary, call again
`

const commandHelp = `{{.HelpName}}: {{.Usage}}

  {{.HelpName}}{{if .ArgsUsage}} {{.ArgsUsage}}{{end}} [flags]
{{if .Description}}
{{.Description}}
{{end}}
{{range .VisibleFlags}}  {{.}}
{{end}}`
