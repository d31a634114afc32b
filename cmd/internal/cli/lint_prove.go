package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/internal/observe"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/lint"
)

// proof is one statement: what the rules say of it, and what a server did.
type proof struct {
	File      string   `json:"file"`
	Line      int      `json:"line"`
	Statement string   `json:"statement"`
	Claims    []string `json:"claims"` // rules that found an error
	Observed  string   `json:"observed"`
	Blocks    bool     `json:"blocks"` // for a time that grows with the table
	Agrees    bool     `json:"agrees"`
}

// proofs is the result of --prove.
type proofs struct {
	Server string   `json:"server"`
	Empty  []string `json:"empty,omitempty"`
	Proofs []proof  `json:"proofs"`
}

// prove runs the files on a throwaway server and puts what was seen beside what the rules say.
func (l *linter) prove(files []*lint.File) error {
	kind := l.kind()
	var statements []lint.Statement
	var texts, schema []string
	for _, f := range l.before {
		for _, s := range f.Statements {
			schema = append(schema, s.Text)
		}
	}
	for _, f := range files {
		for _, s := range f.Statements {
			if f.Context {
				schema = append(schema, s.Text)
				continue
			}
			statements, texts = append(statements, s), append(texts, s.Text)
		}
	}
	seen, err := observe.Prove(l.c.Context, kind, l.Stderr, schema, texts)
	if err != nil {
		return fmt.Errorf("prove: %w", err)
	}
	res := lint.Check(l.dialect, files, lint.Options{Version: l.version, Catalog: l.catalog, Config: l.config, Today: time.Now().UTC().Format(time.DateOnly)})
	out := proofs{Server: seen.Server, Empty: seen.Empty, Proofs: []proof{}}
	for i, s := range statements {
		out.Proofs = append(out.Proofs, l.proof(s, seen.Seen[i], &res))
	}
	l.emit(out, out.text)
	return nil
}

// kind is the server that is nearest to the wanted version; which one it was is said.
func (l *linter) kind() throwaway.Kind {
	switch {
	case l.dialect.Name == "mariadb":
		return throwaway.MariaDB
	case l.dialect.Name == "mysql":
		return throwaway.MySQL
	case l.version < 160000:
		return throwaway.Postgres15
	}
	return throwaway.Postgres18
}

func (l *linter) proof(s lint.Statement, o observe.Observation, res *lint.Result) proof {
	p := proof{File: s.File.Path, Statement: strings.Join(strings.Fields(s.Text), " "), Claims: []string{}, Observed: o.String(), Blocks: o.Grows()}
	p.Line, _ = s.File.Position(s.Start)
	blocks, fails := false, false
	for _, f := range res.Findings {
		if f.File != s.File.Path || f.Offset < s.Start || f.Offset >= s.End || f.Severity != lint.Error {
			continue
		}
		r, _ := l.dialect.Rule(f.Rule)
		blocks = blocks || r.Kind == lint.Lock || r.Kind == lint.Rewrite || r.Kind == lint.Scan
		fails = fails || r.Kind == lint.Fails
		if !slices.Contains(p.Claims, f.Rule) {
			p.Claims = append(p.Claims, f.Rule)
		}
	}
	p.Agrees = p.Blocks == blocks && (o.Error == "" || len(p.Claims) > 0) || o.Error != "" && fails
	return p
}

func (p proofs) text(g *page) {
	g.line("run on %s, each table filled", p.Server)
	for _, e := range p.Empty {
		g.line("%s", g.style.yellow("stays empty: "+e))
	}
	g.gap()
	for _, x := range p.Proofs {
		claims := "no error"
		if len(x.Claims) > 0 {
			claims = strings.Join(x.Claims, ", ")
		}
		g.line("%s:%d: %s", x.File, x.Line, x.Statement)
		g.labeled(2, "rules", claims)
		g.labeled(2, "seen", x.Observed)
		if !x.Agrees {
			g.line("  %s", g.style.red("the two differ"))
		}
	}
}
