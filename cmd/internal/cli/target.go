package cli

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
)

// target is what a call works on.
type target struct {
	dsn      string // with its password
	password string
	name     string // the environment, or where the URL came from
	config   Config
	replicas map[string]string // name → DSN with password
}

func targetFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "dsn", Usage: "`URL` of the database, without a password; default: PHASEMIG_DSN, or an environment of " + configFile},
		&cli.StringFlag{Name: "env", Usage: "`NAME` of the environment in " + configFile},
		&cli.StringFlag{Name: "config", Usage: "`FILE` with environments, pace and gate targets", DefaultText: "./" + configFile},
	}
}

// target finds the database of a call: --dsn, else --env, else PHASEMIG_DSN, else
// the default environment.
func (p *program) target(c *cli.Context) (*target, error) {
	for _, name := range []string{"dsn", "env", "config"} {
		// An unset shell variable must not lead to another database than the one meant.
		if c.IsSet(name) && c.String(name) == "" {
			return nil, usagef("--%s is empty", name)
		}
	}
	config, err := readConfig(c.String("config"))
	if err != nil {
		return nil, err
	}
	t := &target{config: config, replicas: map[string]string{}}
	if err := p.resolve(c, t); err != nil {
		return nil, err
	}
	return t, p.addReplicas(c, t)
}

func (p *program) resolve(c *cli.Context, t *target) error {
	env := c.String("env")
	if c.IsSet("dsn") {
		if env != "" {
			return usagef("--dsn and --env are both given")
		}
		if err := noPassword("--dsn", c.String("dsn")); err != nil {
			return err
		}
		return p.setURL(t, "--dsn", Address{DSN: c.String("dsn")})
	}
	if env == "" {
		if dsn := p.Getenv("PHASEMIG_DSN"); dsn != "" {
			return p.setURL(t, "PHASEMIG_DSN", Address{DSN: dsn})
		}
		env = t.config.DefaultEnvironment
	}
	if env == "" {
		return &usageError{"no target is given", "give --dsn mysql://user@host/db or postgres://user@host/db, set PHASEMIG_DSN, or name an environment of " + configFile + " with --env"}
	}
	e, ok := t.config.Environments[env]
	if !ok {
		return usagef("there is no environment %q%s", env, choice(t.config.environments()))
	}
	return p.setEnvironment(t, env, e)
}

func choice(names []string) string {
	if len(names) == 0 {
		return "; " + configFile + " names none"
	}
	return "; there are " + strings.Join(names, ", ")
}

func (p *program) setURL(t *target, from string, a Address) error {
	t.name = from
	var err error
	t.dsn, t.password, err = p.secured(from, a, p.Getenv("PHASEMIG_PASSWORD"))
	return err
}

func (p *program) setEnvironment(t *target, name string, e Environment) error {
	if err := p.setURL(t, "environment "+name, e.Address); err != nil {
		return err
	}
	for r, a := range e.Replicas {
		dsn, _, err := p.secured("replica "+r, a, t.password)
		if err != nil {
			return err
		}
		t.replicas[r] = dsn
	}
	return nil
}

// addReplicas takes --replica name=URL, where the command has it. Users and their passwords
// are replicated with everything else, so the target's password is the replica's.
func (p *program) addReplicas(c *cli.Context, t *target) error {
	given := map[string]string{}
	for _, r := range c.StringSlice("replica") {
		name, dsn, ok := strings.Cut(r, "=")
		if !ok || name == "" || !strings.Contains(dsn, "://") {
			return usagef("--replica wants NAME=URL")
		}
		if err := noPassword("--replica", dsn); err != nil {
			return err
		}
		dsn, _, err := p.secured("replica "+name, Address{DSN: dsn}, t.password)
		if err != nil {
			return err
		}
		given[name] = dsn
	}
	maps.Copy(t.replicas, given)
	return nil
}

// secured puts the password into a URL: the one named by the address, else the
// URL's own, else the fallback. It returns the password and remembers it
// as something never to be printed.
func (p *program) secured(at string, a Address, fallback string) (dsn, password string, err error) {
	u, err := parseURL(at, a.DSN)
	if err != nil {
		return "", "", err
	}
	password, err = p.password(at, a)
	if err != nil {
		return "", "", err
	}
	own, has := u.User.Password()
	switch {
	case password == "" && has:
		password = own
	case password == "":
		password = fallback
	}
	if password == "" {
		return a.DSN, "", nil
	}
	p.secrets = append(p.secrets, password, url.QueryEscape(password), url.PathEscape(password))
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String(), password, nil
}

// parseURL doesn't repeat the URL in its error: it may hold a password.
func parseURL(at, dsn string) (*url.URL, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" || !strings.Contains(dsn, "://") {
		return nil, &usageError{at + " is no URL of a database", "mysql://user@host:3306/db or postgres://user@host:5432/db?sslmode=require; special characters of a password in a URL are written as %XX"}
	}
	if u.User == nil {
		u.User = url.User("")
	}
	return u, nil
}

// password reads what the address names. A variable or a file that is named and
// isn't there is an error: going on without would ask the server with the wrong one.
func (p *program) password(at string, a Address) (string, error) {
	if a.PasswordEnv != "" {
		v := p.Getenv(a.PasswordEnv)
		if v == "" {
			return "", &plans.InputError{What: at, Reason: "password_env names " + a.PasswordEnv + ", which is not set"}
		}
		return v, nil
	}
	if a.PasswordFile == "" {
		return "", nil
	}
	b, err := os.ReadFile(a.PasswordFile)
	if err != nil {
		return "", &plans.InputError{What: at, Reason: fmt.Sprintf("read the password: %v", err)}
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// noPassword keeps passwords off the command line, where every user of the machine
// can read them.
func noPassword(flag, dsn string) error {
	const hint = "set PHASEMIG_PASSWORD, put the whole URL into PHASEMIG_DSN, or use an environment of " + configFile
	u, err := parseURL(flag, dsn)
	if err != nil {
		return err
	}
	if _, ok := u.User.Password(); ok || inQuery.MatchString(dsn) {
		return &usageError{flag + " holds a password; the command line is readable by every user of this machine", hint}
	}
	return nil
}

// open opens the target of a call.
func (p *program) open(ctx context.Context, c *cli.Context) (*target, *dialect.Database, error) {
	t, err := p.target(c)
	if err != nil {
		return nil, nil, err
	}
	db, err := p.Open(ctx, t.dsn)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", t.name, err)
	}
	return t, db, nil
}
