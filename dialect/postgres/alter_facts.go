package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pganalyze/pg_query_go/v6/parser"

	"github.com/phasemig/phasemig/lint"
	syntax "github.com/phasemig/phasemig/lint/postgres"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// probeSchema holds the empty copy while it is tried; it is never committed.
const probeSchema = "phasemig_probe"

// probe lets the server do an ALTER TABLE to an empty copy of the table, reads what
// became of it and what the server said that it did, and takes all of it back.
func (s *server) probe(ctx context.Context, t *schema.Table, o plans.Operation, clauses, path string) (plans.AlterFacts, error) {
	out := plans.AlterFacts{Table: t.Ident, SQL: clauses}
	inWords := o.PartitionTable != nil || o.RewriteTable != nil // there is no clause for it
	var read alteration
	var err error
	if inWords {
		err = partitionable(t, o.PartitionTable, s.number)
	} else if read, err = readAlter(out.SQL); err == nil {
		err = noKeyOff(t, read)
	} else if unread := new(parser.Error); o.AlterTable.Blind() && errors.As(err, &unread) && oneStatement(out.SQL) {
		out.Unread, err = unread.Error(), nil
		read.alone = "its clauses can't be read, so nobody can tell which columns of a copy are the same"
	}
	if err != nil {
		out.Refused = err.Error()
		return out, nil
	}
	said := &notices{}
	db := s.poolSaying(1, settled, said.add)
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return out, connectError(err)
	}
	defer func() { _ = tx.Rollback() }()
	p := prober{ctx: ctx, s: s, tx: tx, table: t, read: read, path: path, said: said, copy: schema.Ident{Schema: probeSchema, Name: t.Name}, clauses: !inWords, partition: o.PartitionTable}
	err = p.run(&out)
	return out, err
}

// oneStatement: what isn't read could hold another one.
func oneStatement(sql string) bool {
	return !slices.ContainsFunc(syntax.Syntax.Tokens(sql), func(t lint.Token) bool { return t.Is(";") || t.Open })
}

// noKeyOff: the copy has no foreign keys that could be dropped.
func noKeyOff(t *schema.Table, read alteration) error {
	for _, name := range read.keysOff {
		if c, ok := t.Constraint(name); ok && c.Kind == schema.ForeignKey {
			return fmt.Errorf("DROP CONSTRAINT %s: a foreign key is dropped by itself, which is quick: ALTER TABLE %s DROP CONSTRAINT %s", name, relation(t.Ident), Quote(name))
		}
	}
	return nil
}

// notices are what the server tells at debug1 of what it does: its words are the same in
// every language.
type notices struct {
	mu   sync.Mutex
	list []string
}

func (n *notices) add(_ *pgconn.PgConn, m *pgconn.Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, m.Message)
}

func (n *notices) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := n.list
	n.list = nil
	return out
}

type prober struct {
	ctx   context.Context
	s     *server
	tx    *sql.Tx
	table *schema.Table
	copy  schema.Ident
	read  alteration
	path  string
	said  *notices
	// clauses: there is an ALTER TABLE to be tried. partition is how the copy is cut, if it is.
	clauses   bool
	partition *plans.PartitionTable
	// schema is the table's, as the server writes it.
	schema string
}

func (p *prober) run(out *plans.AlterFacts) error {
	if err := p.exec("SET LOCAL lock_timeout = '2s'", "CREATE SCHEMA "+Quote(probeSchema)); err != nil {
		return fmt.Errorf("make a schema to try the change in: %w", classify(err))
	}
	var said *pgconn.PgError
	for _, q := range copyStatements(p.table, p.copy, p.partition) {
		err := p.exec(q)
		if errors.As(err, &said) && p.partition != nil {
			out.Error = fmt.Sprintf("%s: %s", strings.ReplaceAll(q, probeSchema, p.table.Schema), said.Message)
			return nil
		}
		if err != nil {
			return fmt.Errorf("make an empty copy of %s to try the change on: %w", p.table.Ident, classify(err))
		}
	}
	if err := p.tx.QueryRowContext(p.ctx, "SELECT pg_catalog.quote_ident($1)", p.table.Schema).Scan(&p.schema); err != nil {
		return classify(err)
	}
	if err := p.exec("SET LOCAL search_path = "+p.path, "SET LOCAL client_min_messages = debug1"); err != nil {
		return classify(err)
	}
	p.said.take()
	if p.clauses {
		err := p.exec("ALTER TABLE " + relation(p.copy) + " " + out.SQL)
		if errors.As(err, &said) {
			out.Error = p.home(said.Message)
			return nil
		}
		if err != nil {
			return classify(err)
		}
		p.judge(out, p.said.take())
	}
	if err := p.exec("SET LOCAL client_min_messages = warning"); err != nil {
		return classify(err)
	}
	var err error
	if out.Result, err = p.result(); err != nil {
		return err
	}
	if p.partition != nil {
		for _, look := range []func() (string, error){p.taken, p.unsent} {
			if out.Refused, err = look(); err != nil || out.Refused != "" {
				return err
			}
		}
	}
	if out.NotShadow, err = p.notShadow(out.Result); err != nil || out.NotShadow != "" {
		return err
	}
	return p.collations(out)
}

func (p *prober) exec(list ...string) error {
	for _, q := range list {
		if _, err := p.tx.ExecContext(p.ctx, q, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
	}
	return nil
}

// judge reads from the server's words what takes longer the larger the table is: all of
// it under a lock that blocks everybody.
func (p *prober) judge(out *plans.AlterFacts, said []string) {
	var why []string
	for _, m := range said {
		switch {
		case strings.HasPrefix(m, "rewriting table"):
			out.Rebuilds = true
			why = append(why, "it rewrites the table")
		case strings.HasPrefix(m, "verifying table"):
			why = append(why, "it reads the whole table")
		case strings.HasPrefix(m, "building index"):
			out.Builds = true
			why = append(why, "it builds an index")
		case strings.HasPrefix(m, "validating foreign key"):
			why = append(why, "it looks for the parent of each row")
		}
	}
	out.NotInstant = strings.Join(slices.Compact(why), ", ")
	out.NotOnline = out.NotInstant
}

// home puts the table's own schema in the place of the copy's.
func (p *prober) home(text string) string {
	return strings.ReplaceAll(text, probeSchema+".", p.schema+".")
}

func (p *prober) result() (*schema.Table, error) {
	r := reader{ctx: p.ctx, tx: p.tx, number: p.s.number}
	t, err := r.table(p.copy)
	if err != nil {
		return nil, fmt.Errorf("read the copy: %w", classify(err))
	}
	for i := range t.Indexes {
		t.Indexes[i].Definition = p.home(t.Indexes[i].Definition)
	}
	for i := range t.Columns { // a sequence comes along when the table takes its place
		c := &t.Columns[i]
		if c.Default != nil { // of a sequence that the clauses make
			home := p.home(*c.Default)
			c.Default = &home
		}
		old, ok := p.table.Column(p.before(c.Name))
		if ok && old.Identity == "serial" && c.Default != nil && old.Default != nil && *c.Default == *old.Default {
			c.Identity = "serial"
		}
	}
	t.Ident, t.Rows, t.Bytes, t.Dependents = p.table.Ident, 0, 0, nil
	return t, nil
}

// before is the name that a column of the new shape had.
func (p *prober) before(name string) string {
	for old, to := range p.read.renamed {
		if to == name {
			return old
		}
	}
	return name
}

// notShadow is why the rows can't go to a table of the new shape and come back, as the
// server sees it; "": they can.
func (p *prober) notShadow(to *schema.Table) (string, error) {
	if p.read.alone != "" {
		return p.read.alone, nil
	}
	cols, err := p.read.copied(p.table, to)
	if err != nil {
		return err.Error(), nil
	}
	for _, way := range []struct {
		what     string
		from, to schema.Ident
		list     []plans.Copied
	}{{"", p.table.Ident, p.copy, cols}, {" on the way back", p.copy, p.table.Ident, plans.Turned(cols)}} {
		said, err := p.prepare(fmt.Sprintf("PREPARE phasemig_probe AS INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s", relation(way.to), columnsTo(way.list), columnsFrom(way.list, ""), relation(way.from)))
		if err != nil {
			return "", err
		}
		if said != "" {
			return "a row can't be copied" + way.what + ": " + p.home(said), nil
		}
	}
	return unmovable(p.ctx, p.tx, p.table.Ident)
}

// prepare has the server look at a statement, and returns what it said against it.
func (p *prober) prepare(q string) (string, error) {
	if err := p.exec("SAVEPOINT phasemig_probe"); err != nil {
		return "", classify(err)
	}
	err := p.exec(q)
	var said *pgconn.PgError
	if err != nil && !errors.As(err, &said) {
		return "", classify(err)
	}
	end := []string{"ROLLBACK TO SAVEPOINT phasemig_probe"}
	if err == nil {
		end = []string{"DEALLOCATE phasemig_probe"}
	}
	if err := p.exec(end...); err != nil || said == nil {
		return "", classify(err)
	}
	return said.Message, nil
}

// collations sorts the text columns by what their order can be told from.
func (p *prober) collations(out *plans.AlterFacts) error {
	for _, c := range p.table.Columns {
		if !isText(c.Type) {
			continue
		}
		plain, loose, err := p.s.textOrder(p.ctx, p.table.Ident, c.Name)
		switch {
		case err != nil:
			return err
		case loose != "":
			if out.Loose == nil {
				out.Loose = map[string]string{}
			}
			out.Loose[c.Name] = loose
		case plain:
			out.ByteOrder = append(out.ByteOrder, c.Name)
		}
	}
	return nil
}

// columnsFrom and columnsTo list copied columns by their names in the source and in the target.
func columnsFrom(list []plans.Copied, prefix string) string {
	var out []string
	for _, c := range list {
		out = append(out, prefix+Quote(c.From))
	}
	return strings.Join(out, ", ")
}

func columnsTo(list []plans.Copied) string {
	var out []string
	for _, c := range list {
		out = append(out, Quote(c.To))
	}
	return strings.Join(out, ", ")
}
