package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/memory"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/serve"
	"github.com/phasemig/phasemig/state"
)

// listenHere is where the server listens unless told otherwise: on this machine alone.
const listenHere = "127.0.0.1:8461"

func (p *program) serveCommand() *cli.Command {
	return &cli.Command{
		Name:     "serve",
		Category: groupServe,
		Usage:    "answer over HTTP: API for orchestrators, web page, metrics",
		Description: "Serves the environments of phasemig.yaml. docs/serve.md explains tokens, operations and adapters.\n" +
			"SIGTERM ends operations at their next safe point; the exit code is 75 when there was one.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Usage: "`HOST:PORT` to listen on", DefaultText: listenHere},
			&cli.StringFlag{Name: "tls-cert", Usage: "`FILE` with the certificate, in PEM"},
			&cli.StringFlag{Name: "tls-key", Usage: "`FILE` with its key"},
			&cli.StringFlag{Name: "config", Usage: "`FILE` with environments, tokens, pace and gate targets", DefaultText: "./" + configFile},
		},
		Action: p.serve,
	}
}

func (p *program) serve(c *cli.Context) error {
	if err := atMost(c, 0); err != nil {
		return err
	}
	config, err := readConfig(c.String("config"))
	if err != nil {
		return err
	}
	overrule(c, "listen", &config.Serve.Listen, c.String)
	overrule(c, "tls-cert", &config.Serve.TLSCert, c.String)
	overrule(c, "tls-key", &config.Serve.TLSKey, c.String)
	config.Serve.Listen = cmp.Or(config.Serve.Listen, listenHere)
	certificate, err := certificateOf(config.Serve)
	if err != nil {
		return err
	}
	if err := p.mayListen(config.Serve, certificate != nil); err != nil {
		return err
	}
	s, err := p.server(c, config)
	if err != nil {
		return err
	}
	memory.Bound()
	return p.listen(c.Context, s, config.Serve, certificate)
}

func certificateOf(s ServeConfig) (*tls.Certificate, error) {
	if s.TLSCert == "" && s.TLSKey == "" {
		return nil, nil
	}
	if s.TLSCert == "" || s.TLSKey == "" {
		return nil, usagef("--tls-cert and --tls-key belong together")
	}
	pair, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
	if err != nil {
		return nil, &plans.InputError{What: "certificate", Reason: err.Error()}
	}
	return &pair, nil
}

// mayListen: beyond this machine the server needs tokens of its own, and says what goes in the clear without TLS.
func (p *program) mayListen(s ServeConfig, encrypted bool) error {
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return usagef("--listen %q is not HOST:PORT", s.Listen)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	if len(s.Tokens) == 0 {
		return &usageError{"no tokens are configured, and " + s.Listen + " is reached from other machines", "phasemig token NAME makes one; its hash belongs under serve: tokens: in " + configFile}
	}
	if !encrypted {
		p.note("%s without TLS: tokens go over the network in the clear unless a proxy in front of this server encrypts; give --tls-cert and --tls-key", s.Listen)
	}
	return nil
}

// server joins configuration and targets. Passwords are read now; a changed one needs a new start.
func (p *program) server(c *cli.Context, config Config) (*serve.Server, error) {
	names := config.Serve.Environments
	if len(names) == 0 {
		names = config.environments()
	}
	sc := serve.Config{Tokens: config.Serve.Tokens, PublicURL: strings.TrimSuffix(config.Serve.PublicURL, "/"), Notify: config.Serve.Notify, Operations: config.Serve.Operations,
		Lint: lintOverHTTP(config.Lint), Describe: p.describeFor, Version: version(), Log: slog.New(slog.NewJSONHandler(p.Stderr, nil))}
	for _, name := range names {
		e, err := p.environment(c, config, name)
		if err != nil {
			return nil, err
		}
		sc.Environments = append(sc.Environments, e)
	}
	if len(sc.Environments) == 0 {
		return nil, &usageError{configFile + " names no environments, and only those are served", "environments: {NAME: {dsn: …}}"}
	}
	if len(sc.Tokens) == 0 {
		secret, hash := serve.NewSecret()
		sc.Tokens = []serve.Token{{Name: "operator", Hash: hash, Scopes: []serve.Scope{serve.ScopeAdmin}}}
		p.note("no tokens are configured; until this server ends, admin is: %s", secret)
	}
	s, err := serve.New(sc)
	if err != nil {
		return nil, &plans.InputError{What: "serve", Reason: err.Error()}
	}
	return s, nil
}

func (p *program) environment(c *cli.Context, config Config, name string) (serve.Environment, error) {
	t := &target{config: config, replicas: map[string]string{}}
	if err := p.setEnvironment(t, name, config.Environments[name]); err != nil {
		return serve.Environment{}, err
	}
	ec, err := engineConfig(c, t)
	if err != nil {
		return serve.Environment{}, err
	}
	open := func(ctx context.Context) (*dialect.Database, error) { return p.Open(ctx, t.dsn) }
	return serve.Environment{Name: name, Open: open, Engine: ec}, nil
}

// describeFor tells an error as the command line would, without passwords.
func (p *program) describeFor(ctx context.Context, run string, err error) serve.Problem {
	c := classify(ctx, err)
	hint := ownHint(err)
	if hint == "" {
		hint = strings.ReplaceAll(generalHint(c, err), "RUN", cmp.Or(run, "RUN"))
	}
	out := serve.Problem{Class: c.word, Exit: c.exit, Detail: p.redact(err.Error()), Hint: p.redact(hint), Details: details(err)}
	if errors.Is(err, state.ErrNotFound) || errors.Is(err, state.ErrNotInstalled) {
		out.Class = "not_found"
	}
	return out
}

// listen serves until the process is asked to end.
func (p *program) listen(ctx context.Context, s *serve.Server, config ServeConfig, certificate *tls.Certificate) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", config.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", config.Listen, err)
	}
	scheme := "http"
	if certificate != nil {
		scheme = "https"
	}
	p.note("serving on %s://%s", scheme, l.Addr())
	return s.Run(ctx, l, certificate)
}
