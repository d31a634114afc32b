package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/drill"
	"github.com/phasemig/phasemig/drill/report"
	"github.com/phasemig/phasemig/internal/practice"
	"github.com/phasemig/phasemig/plans"
)

func (p *program) drillCommand() *cli.Command {
	return &cli.Command{
		Name:      "drill",
		Category:  groupPlan,
		Usage:     "practise every phase of a plan and its rollback on a server that serves nobody",
		ArgsUsage: "PLAN",
		Description: "Without --dsn or --env a server of the plan's product and version is started and taken away again. Gates that\n" +
			"ask production are answered by a stand-in. The result is what the gate drill reads. PHASEMIG_DSN is not used.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "schema", Usage: "`FILE` of SQL that makes the schema"},
			&cli.StringFlag{Name: "from", Usage: "`URL`, or environment of " + configFile + ", whose schema is read, without its rows"},
			&cli.StringFlag{Name: "rows", Value: "10000", Usage: "`N,…` rows that are made up; two sizes or more give a forecast"},
			&cli.BoolFlag{Name: "existing", Usage: "use the tables that the database of --dsn holds, and leave it changed"},
			&cli.StringFlag{Name: "old-check", Usage: "`COMMAND|FILE.sql` that works as long as old code does"},
			&cli.StringFlag{Name: "new-check", Usage: "`COMMAND|FILE.sql` that works when new code does"},
			&cli.StringFlag{Name: "o", Value: "drill.json", Usage: "`FILE` of the result"},
			&cli.StringFlag{Name: "key-env", Usage: "`NAME` of the variable with the key of the result's seal"},
			&cli.StringSliceFlag{Name: "report", Usage: "`FILE.md|FILE.html` for people; may be repeated"},
		}, paceFlags(), lockFlags(), targetFlags(), []cli.Flag{outputFlag(formatText, formatJSON)}),
		Action: p.drill,
	}
}

func (p *program) drill(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), textOrJSON...); err != nil {
		return err
	}
	o, err := p.drillOptions(c)
	if err != nil {
		return err
	}
	key, err := p.drillKey(c)
	if err != nil {
		return err
	}
	w := p.watcher()
	defer w.close()
	o.Log, o.Observe = p.Stderr, w.event
	res, err := practice.Run(c.Context, o)
	w.close()
	if res == nil {
		return err
	}
	if werr := p.writeDrill(c, res, key); werr != nil {
		return errors.Join(err, werr)
	}
	p.emit(res, func(g *page) { g.drill(res) })
	if err == nil && !res.Passed {
		err = &drill.BrokenError{Result: res}
	}
	return err
}

func (p *program) drillOptions(c *cli.Context) (o practice.Options, err error) {
	path, err := one(c, "a plan file")
	if err != nil {
		return o, err
	}
	for _, f := range c.StringSlice("report") {
		if !strings.HasSuffix(f, ".md") && !strings.HasSuffix(f, ".html") {
			return o, usagef("--report %s: its name must end with .md or .html", f)
		}
	}
	o = practice.Options{Open: p.Open, Existing: c.Bool("existing")}
	if o.Rows, err = drillRows(c.String("rows")); err != nil {
		return o, err
	}
	if o.Old, err = p.drillCheck(c.String("old-check")); err != nil {
		return o, err
	}
	if o.New, err = p.drillCheck(c.String("new-check")); err != nil {
		return o, err
	}
	if err := p.drillPlaces(c, &o); err != nil {
		return o, err
	}
	o.Plan, err = p.readPlan(path)
	return o, err
}

// drillPlaces finds the server and the schema. The live target of other commands is never taken by itself.
func (p *program) drillPlaces(c *cli.Context, o *practice.Options) (err error) {
	given := c.IsSet("dsn") || c.IsSet("env")
	sources := 0
	for _, name := range []string{"schema", "from"} {
		if c.String(name) != "" {
			sources++
		}
	}
	switch {
	case o.Existing && !given:
		return usagef("--existing wants --dsn or --env")
	case o.Existing && (sources > 0 || c.IsSet("rows")):
		return usagef("--existing takes schema and rows as they are: leave out --schema, --from and --rows")
	case !o.Existing && sources != 1:
		return usagef("the schema is needed: give either --schema FILE.sql or --from URL")
	}
	t := &target{replicas: map[string]string{}}
	if given {
		if t, err = p.target(c); err != nil {
			return err
		}
		o.DSN = t.dsn
	} else if t.config, err = readConfig(c.String("config")); err != nil {
		return err
	}
	if o.Config, err = engineConfig(c, t); err != nil {
		return err
	}
	if name := c.String("schema"); name != "" {
		b, err := p.readFile(name)
		if err != nil {
			return &plans.InputError{What: "--schema", Reason: err.Error()}
		}
		o.Schema = string(b)
		return nil
	}
	if c.String("from") == "" {
		return nil
	}
	o.From, err = p.drillFrom(c.String("from"), t.config)
	return err
}

// drillFrom reads an environment's name, or a URL.
func (p *program) drillFrom(from string, config Config) (string, error) {
	a := Address{DSN: from}
	if e, ok := config.Environments[from]; ok {
		a = e.Address
	} else if err := noPassword("--from", from); err != nil {
		return "", err
	}
	dsn, _, err := p.secured("--from", a, p.Getenv("PHASEMIG_PASSWORD"))
	return dsn, err
}

func drillRows(list string) (out []int64, err error) {
	for _, text := range strings.Split(list, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || n < 1 {
			return nil, usagef("--rows wants numbers of 1 or more, as in 10000,100000")
		}
		out = append(out, n)
	}
	return out, nil
}

func (p *program) drillCheck(text string) (practice.Check, error) {
	if !strings.HasSuffix(text, ".sql") {
		return practice.Check{Command: text}, nil
	}
	b, err := p.readFile(text)
	if err != nil {
		return practice.Check{}, &plans.InputError{What: "check " + text, Reason: err.Error()}
	}
	if strings.TrimSpace(string(b)) == "" {
		return practice.Check{}, &plans.InputError{What: "check " + text, Reason: "it is empty, so it would work in every state"}
	}
	return practice.Check{File: text, SQL: string(b)}, nil
}

func (p *program) drillKey(c *cli.Context) ([]byte, error) {
	name := c.String("key-env")
	if name == "" {
		return nil, nil
	}
	v := p.Getenv(name)
	if v == "" {
		return nil, usagef("--key-env names %s, which is not set", name)
	}
	return []byte(v), nil
}

// writeDrill seals the result and writes it, and the reports. What servers and checks said may hold a password.
func (p *program) writeDrill(c *cli.Context, r *drill.Result, key []byte) error {
	p.cleanDrill(r)
	if err := r.Close(key); err != nil {
		return err
	}
	b, err := r.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.String("o"), b, 0o644); err != nil {
		return fmt.Errorf("write the drill's result: %w", err)
	}
	for _, f := range c.StringSlice("report") {
		text := report.Markdown(r)
		if strings.HasSuffix(f, ".html") {
			text = report.HTML(r)
		}
		if err := os.WriteFile(f, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write the drill's report: %w", err)
		}
	}
	return nil
}

func (p *program) cleanDrill(r *drill.Result) {
	r.Checks.Old, r.Checks.New = p.redact(r.Checks.Old), p.redact(r.Checks.New)
	for i := range r.Trials {
		for j := range r.Trials[i].Moves {
			m := &r.Trials[i].Moves[j]
			m.Error = p.redact(m.Error)
			for k := range m.Checked {
				m.Checked[k].Said = p.redact(m.Checked[k].Said)
			}
		}
	}
	r.Judge()
}

// drill shows the states and what is broken; the rest is in the reports.
func (g *page) drill(r *drill.Result) {
	word := g.style.green("passed")
	if !r.Passed {
		word = g.style.red("did not pass")
	}
	g.line("drill of %s on %s %s: %s", r.Plan, r.Server.Product, r.Server.Version, word)
	g.gap()
	var rows [][]string
	for _, t := range r.Trials {
		for _, m := range t.Moves {
			rows = append(rows, []string{strconv.FormatInt(t.Rows, 10), m.Name(), duration(m.Elapsed), string(m.State), drillCode(m, "old"), drillCode(m, "new"), drillBack(m)})
		}
	}
	g.table(2, []string{"ROWS", "MOVE", "TOOK", "STATE", "OLD CODE", "NEW CODE", "BACK"}, rows)
	g.gap()
	for _, b := range r.Broken {
		g.line("%s in the state %s, after %s, with %d rows: %s", g.style.red("broken"), string(b.State), b.After, b.Rows, b.What)
	}
	for _, s := range r.StandIns {
		g.line("not asked: gate %s before %s: %s", s.Gate, string(s.Phase), s.Why)
	}
}

func drillCode(m drill.Made, code string) string {
	for _, c := range m.Checked {
		if c.Code == code {
			switch {
			case c.Works:
				return "works"
			case c.Need == drill.Required:
				return "broken"
			}
			return "no, and needn't"
		}
	}
	return "-"
}

func drillBack(m drill.Made) string {
	switch {
	case m.Compared == nil:
		return "-"
	case m.Compared.Equal():
		return "equal"
	}
	return "differs"
}
