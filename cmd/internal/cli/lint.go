package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/lint/mysql"
	"github.com/phasemig/phasemig/lint/postgres"
	"github.com/phasemig/phasemig/lint/report"
	"github.com/phasemig/phasemig/plans"
)

func (p *program) lintCommand() *cli.Command {
	return &cli.Command{
		Name:      "lint",
		Category:  groupPlan,
		Usage:     "find in SQL files what would lock, lose or break",
		ArgsUsage: "FILES|DIRS…",
		Description: "An error is a statement that, on an existing, populated table in use, blocks reads or writes for a time\n" +
			"that grows with the table, breaks a running client, fails, or deletes data. Everything else is a warning or a note.\n" +
			"No server is asked, unless --dsn, --env or --prove says so.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "dialect", Usage: "`SERVER` that runs the files: postgres, mysql or mariadb", DefaultText: "as in " + configFile + ", or the target's"},
			&cli.StringFlag{Name: "server-version", Usage: "`VERSION` of the server, such as 15 or 8.0.29", DefaultText: "the newest that is known"},
			&cli.StringFlag{Name: "schema", Usage: "`FILE` or folder that holds the schema before: SQL, or facts in JSON"},
			&cli.StringFlag{Name: "format", Aliases: []string{"output"}, Value: "text", Usage: "`FORM` of the report: " + strings.Join(report.Names(), ", ")},
			&cli.StringFlag{Name: "fail-on", Usage: "`LEVEL` from which on the exit code is 2: error, warning, note, off", DefaultText: "error"},
			&cli.StringFlag{Name: "file-format", Usage: "`TOOL` that runs the files: plain, golang-migrate, goose, flyway, dbmate …", DefaultText: "found out by name and text"},
			&cli.StringFlag{Name: "in-transaction", Usage: "`YES|NO`: the files are run in one transaction each, whatever their format says"},
			&cli.BoolFlag{Name: "down", Usage: "judge what takes migrations back instead of what goes forward"},
			&cli.StringFlag{Name: "diff-against", Usage: "only say what the branch adds to `REF` of git"},
			&cli.StringFlag{Name: "baseline", Usage: "`FILE` with findings that are known and accepted"},
			&cli.BoolFlag{Name: "write-baseline", Usage: "write all findings into the file that --baseline names"},
			&cli.BoolFlag{Name: "fix", Usage: "write the safe form into the files where it is mechanical"},
			&cli.BoolFlag{Name: "prove", Usage: "run the files on a throwaway server with rows, and report what it locked and rewrote"},
			&cli.BoolFlag{Name: "list", Usage: "list the rules, and do nothing else"},
			&cli.StringFlag{Name: "explain", Usage: "tell all about a `RULE`, and do nothing else"},
		}, targetFlags()),
		Action: p.lint,
	}
}

// foundError says that there are findings at or over the level that fails.
type foundError struct{ text string }

func (e *foundError) Error() string { return e.text }

// linter is one call of the command.
type linter struct {
	*program
	c       *cli.Context
	dialect *lint.Dialect
	version lint.Version
	config  lint.Config
	catalog *lint.Catalog
	before  []*lint.File // the schema, where it is SQL
}

func lintDialects() []*lint.Dialect {
	return []*lint.Dialect{postgres.Dialect(), mysql.Dialect(), mysql.MariaDB()}
}

func (p *program) lint(c *cli.Context) error {
	form := c.String("format")
	if form == "table" {
		form = "text"
	}
	if form == "json" {
		p.format = formatJSON
	}
	if !slices.Contains(report.Names(), form) {
		return usagef("--format %q is not one of %s", form, strings.Join(report.Names(), ", "))
	}
	config, err := readConfig(c.String("config"))
	if err != nil {
		return err
	}
	l := &linter{program: p, c: c, config: config.Lint}
	if err := l.choose(); err != nil {
		return err
	}
	switch {
	case c.Bool("list"):
		return l.list()
	case c.IsSet("explain"):
		return l.explain(c.String("explain"))
	case c.NArg() == 0:
		return &usageError{"files or folders are needed", "phasemig lint " + c.Command.ArgsUsage}
	}
	return l.run(form)
}

// choose finds the dialect and the version: the flags, the configuration, the target.
func (l *linter) choose() error {
	name := cmp.Or(l.c.String("dialect"), l.config.Dialect)
	if scheme, _, ok := strings.Cut(l.c.String("dsn"), "://"); name == "" && ok {
		name = strings.TrimSuffix(scheme, "ql")
		if scheme == "mysql" {
			name = scheme
		}
	}
	for _, d := range lintDialects() {
		if d.Name == name || name == "postgresql" && d.Name == "postgres" {
			l.dialect = d
		}
	}
	switch {
	case l.dialect != nil:
	case name != "":
		return usagef("--dialect %q is not one of postgres, mysql, mariadb", name)
	case l.c.Bool("list") || l.c.IsSet("explain"):
		return nil
	default:
		return &usageError{"it isn't known which server runs the files", "--dialect postgres, mysql or mariadb, or lint: {dialect: …} in " + configFile}
	}
	return l.chooseVersion()
}

func (l *linter) chooseVersion() error {
	text := cmp.Or(l.c.String("server-version"), l.config.ServerVersion)
	if text == "" {
		l.version = l.dialect.Newest
		return nil
	}
	v, err := lint.ParseVersion(text)
	if err != nil {
		return usagef("--server-version: %v", err)
	}
	l.version = v
	return nil
}

func (l *linter) chosen() []*lint.Dialect {
	if l.dialect != nil {
		return []*lint.Dialect{l.dialect}
	}
	return lintDialects()
}

func (l *linter) list() error {
	result := map[string][]lint.Rule{}
	for _, d := range l.chosen() {
		result[d.Name] = d.Rules
	}
	l.emit(result, func(g *page) {
		for _, d := range l.chosen() {
			var rows [][]string
			for _, r := range d.Rules {
				rows = append(rows, []string{r.ID, r.Severity.String(), r.Summary})
			}
			g.line("%s", g.style.bold(d.Name))
			g.table(0, []string{"RULE", "LEVEL", "ABOUT"}, rows)
			g.gap()
		}
	})
	return nil
}

func (l *linter) explain(id string) error {
	for _, d := range l.chosen() {
		if r, ok := d.Rule(id); ok {
			l.emit(r, func(g *page) { g.buf.WriteString(report.Explain(d, r)) })
			return nil
		}
	}
	return &usageError{fmt.Sprintf("there is no rule %q", id), "phasemig lint --list"}
}

// run judges the files and reports.
func (l *linter) run(form string) error {
	fail, err := l.failLevel()
	if err != nil {
		return err
	}
	if unknown := l.config.Unknown(l.hasRule); len(unknown) > 0 {
		return &plans.InputError{What: configFile, Reason: "lint: there is no rule " + strings.Join(unknown, ", "), Hint: "phasemig lint --list"}
	}
	if err := l.context(); err != nil {
		return err
	}
	files, keep, err := l.files()
	if err != nil {
		return err
	}
	if err := l.live(files); err != nil {
		return err
	}
	base, err := l.baseline()
	if err != nil {
		return err
	}
	if l.c.Bool("prove") {
		return l.prove(files)
	}
	res := lint.Check(l.dialect, files, lint.Options{Version: l.version, Catalog: l.catalog, Config: l.config, Today: time.Now().UTC().Format(time.DateOnly), Base: base})
	if keep != nil {
		res.Findings = slices.DeleteFunc(res.Findings, func(f lint.Finding) bool { return !keep(f) })
	}
	switch {
	case l.c.Bool("write-baseline"):
		return l.writeBaseline(&res)
	case l.c.Bool("fix"):
		if err := l.fix(&res); err != nil {
			return err
		}
	}
	return l.deliver(form, &res, fail)
}

func (l *linter) hasRule(id string) bool {
	return slices.ContainsFunc(lintDialects(), func(d *lint.Dialect) bool { _, ok := d.Rule(id); return ok })
}

func (l *linter) failLevel() (lint.Severity, error) {
	if s := l.c.String("fail-on"); s != "" {
		v, err := lint.ParseSeverity(s)
		if err != nil {
			return 0, usagef("--fail-on: %v", err)
		}
		return v, nil
	}
	return cmp.Or(l.config.FailOn, lint.Error), nil
}

// deliver writes the report, and the exit code's reason.
func (l *linter) deliver(form string, res *lint.Result, fail lint.Severity) error {
	l.format = formatText // the report is the whole of standard output, also when it says no
	var err error
	if w := report.By(form); w != nil {
		err = w(l.Stdout, l.dialect, res)
	} else {
		err = report.Text(l.Stdout, res, bool(styleOf(l.Stdout, l.Getenv)))
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if form == "github" {
		if err := l.summary(res); err != nil {
			return err
		}
	}
	if fail != lint.Off && res.Worst() >= fail {
		return &foundError{report.Total(res)}
	}
	return nil
}

// summary appends to the file in which GitHub collects a step's summary.
func (l *linter) summary(res *lint.Result) error {
	name := l.Getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write the step's summary: %w", err)
	}
	err = report.Summary(f, l.dialect, res)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write the step's summary: %w", err)
	}
	return nil
}

// baselineFile is the form of a baseline.
type baselineFile struct {
	Findings []baselineEntry `json:"findings"`
}

type baselineEntry struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	File        string `json:"file"`
}

func (l *linter) baselineName() string { return cmp.Or(l.c.String("baseline"), l.config.Baseline) }

func (l *linter) baseline() (map[string]bool, error) {
	name := l.baselineName()
	if name == "" {
		if l.c.Bool("write-baseline") {
			return nil, usagef("--write-baseline needs --baseline FILE")
		}
		return nil, nil
	}
	if l.c.Bool("write-baseline") {
		return nil, nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, &plans.InputError{What: "baseline", Reason: err.Error(), Hint: "phasemig lint … --baseline " + name + " --write-baseline"}
	}
	var f baselineFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, &plans.InputError{What: name, Reason: err.Error()}
	}
	out := map[string]bool{}
	for _, e := range f.Findings {
		out[e.Fingerprint] = true
	}
	return out, nil
}

func (l *linter) writeBaseline(res *lint.Result) error {
	f := baselineFile{Findings: []baselineEntry{}}
	for _, x := range res.Findings {
		f.Findings = append(f.Findings, baselineEntry{x.Fingerprint(), x.Rule, x.File})
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("write the baseline: %w", err)
	}
	if err := os.WriteFile(l.baselineName(), append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the baseline: %w", err)
	}
	l.format = formatText
	_, err = io.WriteString(l.Stdout, fmt.Sprintf("%d findings written to %s\n", len(f.Findings), l.baselineName()))
	return err
}
