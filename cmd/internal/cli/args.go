package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange moves a command's flags before its arguments. The library parses
// flags up to the first argument and takes all that follows for arguments, so
// that `apply plan.json --dry-run` would silently run for real.
func (p *program) arrange(commands []*cli.Command, args []string) ([]string, error) {
	at := slices.IndexFunc(args[1:], func(a string) bool { return !strings.HasPrefix(a, "-") }) + 1
	if at == 0 {
		return args, nil
	}
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[at]) })
	if i < 0 {
		return args, nil
	}
	p.command = commands[i].Name
	flags, rest, err := partition(commands[i].Flags, args[at+1:])
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(flags, func(f string) bool { return f == "--help" || f == "-help" || f == "-h" }) {
		rest = nil // the library would look for help on the argument
	}
	if len(rest) > 0 {
		p.argument = rest[0]
	}
	return slices.Concat(args[:at+1], flags, []string{"--"}, rest), nil
}

// partition tells flags (with their values) from arguments. All after "--" are
// arguments.
func partition(known []cli.Flag, args []string) (flags, rest []string, err error) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return flags, append(rest, args[i+1:]...), nil
		case a == "-" || !strings.HasPrefix(a, "-"):
			rest = append(rest, a)
		case strings.Contains(a, "=") || !wantsValue(known, a):
			flags = append(flags, a)
		case i+1 == len(args):
			return nil, nil, usagef("flag %s needs a value", a)
		default:
			i++
			flags = append(flags, a, args[i])
		}
	}
	return flags, rest, nil
}

// wantsValue is false for unknown flags: the library then says that they are unknown.
func wantsValue(known []cli.Flag, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	for _, f := range known {
		if slices.Contains(f.Names(), name) {
			_, isSwitch := f.(*cli.BoolFlag)
			return !isSwitch
		}
	}
	return false
}

// one takes the single argument of a command.
func one(c *cli.Context, what string) (string, error) {
	if c.NArg() == 0 || c.Args().First() == "" {
		return "", &usageError{text: what + " is needed", hint: "phasemig " + c.Command.Name + " " + c.Command.ArgsUsage}
	}
	return c.Args().First(), atMost(c, 1)
}

func atMost(c *cli.Context, n int) error {
	if c.NArg() > n {
		return usagef("unexpected argument %q", c.Args().Get(n))
	}
	return nil
}
