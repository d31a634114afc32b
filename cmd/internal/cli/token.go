package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/serve"
)

func (p *program) tokenCommand() *cli.Command {
	return &cli.Command{
		Name:        "token",
		Category:    groupServe,
		Usage:       "make a token for phasemig serve",
		ArgsUsage:   "NAME",
		Description: "The token is shown once and stored nowhere; phasemig.yaml gets its hash. NAME is who it stands\nfor: the creator of runs, the giver of approvals.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "scope", Usage: "`SCOPE` that the token has: " + scopeNames(serve.Scopes()) + "; may be repeated", DefaultText: "read"},
			outputFlag(textOrJSON...),
		},
		Action: p.token,
	}
}

func scopeNames(list []serve.Scope) string {
	var out []string
	for _, s := range list {
		out = append(out, string(s))
	}
	return strings.Join(out, ", ")
}

// tokenResult is the document of the token command.
type tokenResult struct {
	Token  string        `json:"token"`
	Name   string        `json:"name"`
	Hash   string        `json:"hash"`
	Scopes []serve.Scope `json:"scopes"`
}

func (p *program) token(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), textOrJSON...); err != nil {
		return err
	}
	name, err := one(c, "a name")
	if err != nil {
		return err
	}
	scopes := []serve.Scope{serve.ScopeRead}
	if c.IsSet("scope") {
		scopes = nil
	}
	for _, s := range c.StringSlice("scope") {
		if !slices.Contains(serve.Scopes(), serve.Scope(s)) {
			return usagef("--scope %q is not one of %s", s, scopeNames(serve.Scopes()))
		}
		scopes = append(scopes, serve.Scope(s))
	}
	secret, hash := serve.NewSecret()
	res := tokenResult{secret, name, hash, scopes}
	p.emit(res, func(g *page) {
		g.line("%s", secret)
		g.gap()
		g.line("The token is shown this once. Under serve: tokens: in %s:", configFile)
		g.line("    - {name: %q, hash: %q, scopes: [%s]}", name, hash, scopeNames(scopes))
	})
	return nil
}
