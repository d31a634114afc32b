package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/plans"
)

//go:embed init.yaml
var initText string

// initDSN stands where the address of a database is to be put.
const initDSN = "postgres://user@localhost:5432/database?sslmode=prefer"

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Category:  groupPlan,
		Usage:     "write a " + configFile + " that explains every setting",
		ArgsUsage: "[FILE]",
		Description: "Only the environment is set; everything else stands there as a comment with its default or an\n" +
			"example. A file that exists is never overwritten.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dsn", Usage: "`URL` of the database, without a password", DefaultText: "a place to fill"},
			&cli.BoolFlag{Name: "print", Usage: "print it, and write no file"},
			outputFlag(textOrJSON...),
		},
		Action: p.init,
	}
}

// initResult is the document of the init command.
type initResult struct {
	File string `json:"file,omitempty"`
	Text string `json:"text"`
}

func (p *program) init(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), textOrJSON...); err != nil {
		return err
	}
	if err := atMost(c, 1); err != nil {
		return err
	}
	text, err := initFile(c)
	if err != nil {
		return err
	}
	if c.Bool("print") {
		p.emit(initResult{Text: text}, func(g *page) { g.buf.WriteString(text) })
		return nil
	}
	name := configFile
	if c.Args().Present() {
		name = c.Args().First()
	}
	if err := writeNew(name, text); err != nil {
		return err
	}
	p.emit(initResult{name, text}, func(g *page) {
		g.line("%s is written", name)
		g.labeled(0, "next", nextOfInit(c.IsSet("dsn"), name))
	})
	return nil
}

func nextOfInit(filled bool, name string) string {
	if filled {
		return "set PHASEMIG_PASSWORD if the database wants one, then phasemig doctor"
	}
	return "put the address of your database into " + name + ", set PHASEMIG_PASSWORD, then phasemig doctor"
}

// initFile is the text with the address that was given.
func initFile(c *cli.Context) (string, error) {
	dsn := initDSN
	if c.IsSet("dsn") {
		dsn = c.String("dsn")
		if err := noPassword("--dsn", dsn); err != nil {
			return "", err
		}
	}
	// In double quotes of YAML a backslash and a quote are special; in a URL neither belongs.
	if strings.ContainsAny(dsn, "\"\\\n") {
		return "", usagef("--dsn holds a quote or a backslash; in a URL they are written as %%22 and %%5C")
	}
	return strings.ReplaceAll(initText, "{{DSN}}", dsn), nil
}

// writeNew writes a file that isn't there yet.
func writeNew(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return &plans.InputError{What: name, Reason: "it is there already, and was left as it is", Hint: "phasemig init --print shows what would be written"}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.WriteString(text)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(name))
	}
	return nil
}
