package integration

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/throwaway"
)

const catalogFile = "../docs/catalog.md"

const catalogHead = `# Catalog

Every operation of a change file on every server, as ` + "`go test ./integration -run 'TestCatalog$'`" + ` has seen it: planned, carried out while an application writes, taken back from each phase that does something,
carried out again, and the end compared with the same change made by the server at once, names of indexes and constraints included. **native** is done by the server itself, **sync** by new columns beside the old ones,
**shadow** on a copy of the table. Native rewrites are of a table under 10 MiB; a larger one goes on a shadow. A phase stands behind *back from* when a rollback from it gave back what was before; contract gives back until the last
drop. A server with *refused* has no safe way: see below. – is a case that this server has no words for, or has another case for.

`

// catalogServers are the page's columns.
var catalogServers = []struct {
	kind throwaway.Kind
	name string
}{{throwaway.MySQL, "MySQL 9.7"}, {throwaway.MariaDB, "MariaDB 10.11"}, {throwaway.Postgres15, "PostgreSQL 15"}, {throwaway.Postgres18, "PostgreSQL 18"}}

// catalogKey names a row.
type catalogKey struct{ operation, name string }

func (k catalogKey) String() string { return k.operation + ": " + k.name }

// catalogPage is docs/catalog.md: what became of a case, and why it was refused, by server.
type catalogPage struct {
	cells   map[catalogKey]map[throwaway.Kind]string
	reasons map[catalogKey]map[throwaway.Kind][2]string
}

func (p *catalogPage) cell(key catalogKey, k throwaway.Kind) string { return p.cells[key][k] }

// readCatalog reads the committed page; there may be none before it is written for the first time.
func readCatalog(t *testing.T) *catalogPage {
	t.Helper()
	b, err := os.ReadFile(catalogFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	p := &catalogPage{map[catalogKey]map[throwaway.Kind]string{}, map[catalogKey]map[throwaway.Kind][2]string{}}
	for _, l := range strings.Split(string(b), "\n") {
		c := strings.Split(strings.Trim(l, "| "), " | ")
		if len(c) < 5 || !strings.HasPrefix(c[0], "`") {
			continue
		}
		key := catalogKey{strings.ReplaceAll(c[0], "`", ""), c[1]}
		for i, s := range catalogServers {
			switch {
			case len(c) == 6 && c[2+i] != "–":
				p.set(key, s.kind, c[2+i])
			case len(c) == 5 && strings.Contains(c[2], s.name):
				p.because(key, s.kind, [2]string{c[3], c[4]})
			}
		}
	}
	return p
}

func (p *catalogPage) set(key catalogKey, k throwaway.Kind, cell string) {
	if p.cells[key] == nil {
		p.cells[key] = map[throwaway.Kind]string{}
	}
	p.cells[key][k] = cell
}

func (p *catalogPage) because(key catalogKey, k throwaway.Kind, why [2]string) {
	if p.reasons[key] == nil {
		p.reasons[key] = map[throwaway.Kind][2]string{}
	}
	p.reasons[key][k] = why
}

// note takes an outcome into the page, or holds it against the page.
func (p *catalogPage) note(t *testing.T, k throwaway.Kind, c recipeCase, o outcome) {
	t.Helper()
	key, why := c.key(t), [2]string{inCell(o.why), cmp.Or(inCell(o.instead), "–")}
	if *update {
		p.set(key, k, o.cell())
		delete(p.reasons[key], k)
		if o.why != "" {
			p.because(key, k, why)
		}
		return
	}
	if got := p.cell(key, k); got != o.cell() {
		t.Errorf("docs/catalog.md says %q, seen: %q", got, o.cell())
	}
	if got := p.reasons[key][k]; o.why != "" && got != why {
		t.Errorf("docs/catalog.md says %q, seen: %q", got, why)
	}
}

// inCell keeps a text from ending its cell.
func inCell(s string) string {
	return strings.NewReplacer("|", "¦", "\n", " ").Replace(s)
}

func (p *catalogPage) write(t *testing.T) {
	t.Helper()
	rows := catalogRows(t)
	var b strings.Builder
	b.WriteString(catalogHead + "| operation | case |")
	for _, s := range catalogServers {
		b.WriteString(" " + s.name + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(catalogServers)) + "\n")
	for _, key := range rows {
		fmt.Fprintf(&b, "| %s | %s |", key.code(), key.name)
		for _, s := range catalogServers {
			fmt.Fprintf(&b, " %s |", cmp.Or(p.cell(key, s.kind), "–"))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## Refused\n\n| operation | case | on | because | instead |\n|---|---|---|---|---|\n")
	for _, key := range rows {
		b.WriteString(p.refusals(key))
	}
	if err := os.WriteFile(catalogFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// code is the row's operations as the page has them.
func (k catalogKey) code() string { return "`" + strings.ReplaceAll(k.operation, ", ", "`, `") + "`" }

// refusals are the lines of a row, one for each reason.
func (p *catalogPage) refusals(key catalogKey) string {
	var out strings.Builder
	var done [][2]string
	for _, s := range catalogServers {
		why, ok := p.reasons[key][s.kind]
		if !ok || slices.Contains(done, why) {
			continue
		}
		var on []string
		for _, o := range catalogServers {
			if p.reasons[key][o.kind] == why {
				on = append(on, o.name)
			}
		}
		done = append(done, why)
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", key.code(), key.name, strings.Join(on, ", "), why[0], why[1])
	}
	return out.String()
}

// catalogRows are the rows of all servers, by operation.
func catalogRows(t *testing.T) []catalogKey {
	t.Helper()
	var out []catalogKey
	for _, s := range slices.Backward(catalogServers) {
		for _, c := range wholeCatalog(s.kind) {
			if key := c.key(t); !slices.Contains(out, key) {
				out = append(out, key)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b catalogKey) int { return strings.Compare(a.operation, b.operation) })
	return out
}
