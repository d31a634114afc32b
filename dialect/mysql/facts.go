package mysql

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Facts implements plans.Reader.
func (s *server) Facts(ctx context.Context, c plans.Change) (plans.Facts, error) {
	v, err := s.Info(ctx)
	if err != nil {
		return plans.Facts{}, err
	}
	f := plans.Facts{Dialect: dialectName(v), Server: v}
	if f.Problems, err = s.problems(ctx); err != nil {
		return f, err
	}
	for _, o := range c.Operations {
		t, err := s.factsTable(ctx, o.Table())
		if missing := new(plans.InputError); o.CreateTable != nil && errors.As(err, &missing) {
			t = &schema.Table{Ident: schema.Ident{Schema: cmp.Or(o.Table().Schema, s.config.DBName), Name: o.Table().Name}, Kind: schema.Absent}
			var seen plans.Trial
			seen, err = s.tryCreate(ctx, o.CreateTable, t.Ident, len(c.Operations) > 1)
			f.Trials = append(f.Trials, seen)
		}
		if err != nil {
			return f, err
		}
		if _, seen := f.Table(t.Ident); !seen {
			f.Tables = append(f.Tables, *t)
		}
		if err := s.becomes(ctx, o, t, &f); err != nil {
			return f, err
		}
		if t.Kind != "table" {
			continue
		}
		alter, err := s.alterFacts(ctx, t, o)
		if err != nil {
			return f, err
		}
		if alter != nil {
			f.Alters = append(f.Alters, *alter)
			continue
		}
		list, err := s.expressions(ctx, t, o)
		if err != nil {
			return f, err
		}
		f.Expressions = append(f.Expressions, list...)
	}
	return f, nil
}

// becomes reads what stands under the name that a table is to get, and what names it by the one that it has.
func (s *server) becomes(ctx context.Context, o plans.Operation, t *schema.Table, f *plans.Facts) error {
	to, ok := o.Becomes(t.Ident)
	if !ok {
		return nil
	}
	if err := s.lowerCase(ctx, o, to.Name); err != nil {
		return err
	}
	n, err := s.factsTable(ctx, to)
	if missing := new(plans.InputError); errors.As(err, &missing) {
		n, err = &schema.Table{Ident: to, Kind: schema.Absent}, nil
	}
	if err != nil {
		return err
	}
	if _, seen := f.Table(to); !seen {
		f.Tables = append(f.Tables, *n)
	}
	list, err := s.mentions(ctx, t)
	f.Mentions = append(f.Mentions, list...)
	return err
}

// lowerCase refuses a name that the server would keep in another form.
func (s *server) lowerCase(ctx context.Context, o plans.Operation, name string) error {
	if name == strings.ToLower(name) {
		return nil
	}
	var mode int
	if err := s.db.QueryRowContext(ctx, "SELECT @@lower_case_table_names").Scan(&mode); err != nil {
		return fmt.Errorf("ask how names are kept: %w", classify(err))
	}
	if mode != 0 {
		return &plans.InputError{What: o.Words(), Reason: "this server keeps the names of tables in lower case", Hint: strings.ToLower(name)}
	}
	return nil
}

// alterFacts tries an operation that is done by an ALTER TABLE; nil where it isn't. What
// can't be meant is said when the plan is built.
func (s *server) alterFacts(ctx context.Context, t *schema.Table, o plans.Operation) (*plans.AlterFacts, error) {
	sql, err := rules{}.AsAlter(nil, t, o)
	if o.AlterTable != nil {
		sql, err = o.AlterTable.SQL, nil
	}
	if err != nil || sql == "" {
		return nil, nil
	}
	a, err := s.probe(ctx, t, sql)
	return &a, err
}

// factsTable reads a table with all that decides a plan.
func (s *server) factsTable(ctx context.Context, id schema.Ident) (*schema.Table, error) {
	id.Schema = cmp.Or(id.Schema, s.config.DBName)
	c := catalog{ctx: ctx, q: s.db, id: id, planning: true}
	t, err := c.read()
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", id, err)
	}
	return t, nil
}

// mappingSQL is one piece of the user's SQL and what it may name.
type mappingSQL struct {
	sql     string
	columns map[string]string // name → column of the table that stands for it
}

// expressions asks the server about every piece of SQL in an operation.
func (s *server) expressions(ctx context.Context, t *schema.Table, o plans.Operation) ([]plans.Expression, error) {
	var out []plans.Expression
	for _, m := range mappings(t, o) {
		if m.sql == "" {
			continue
		}
		x := plans.Expression{Table: t.Ident, SQL: m.sql}
		for n := range m.columns {
			x.Columns = append(x.Columns, n)
		}
		slices.Sort(x.Columns)
		if x.Error = unsuitable(m.sql); x.Error == "" {
			var err error
			if x.Error, err = s.judge(ctx, t, m); err != nil {
				return nil, err
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// mappings lists an operation's SQL. An up sees the columns that there are, a down
// the new ones instead of the old.
func mappings(t *schema.Table, o plans.Operation) []mappingSQL {
	all := map[string]string{}
	for _, c := range t.Columns {
		all[c.Name] = c.Name
	}
	withoutAll := func(olds []string, names ...string) map[string]string {
		out := maps.Clone(all)
		for _, n := range olds {
			delete(out, n)
		}
		for _, n := range names {
			out[n] = olds[0]
		}
		return out
	}
	without := func(old string, names ...string) map[string]string { return withoutAll([]string{old}, names...) }
	switch {
	case o.RenameColumn != nil:
		r := o.RenameColumn
		return []mappingSQL{{r.Up, all}, {r.Down, without(r.From, r.To)}}
	case o.SplitColumn != nil:
		p := o.SplitColumn
		var out []mappingSQL
		var names []string
		for _, n := range p.Into {
			out, names = append(out, mappingSQL{n.Up, all}), append(names, n.Name)
		}
		return append(out, mappingSQL{p.Down, without(p.Column, names...)})
	case o.MergeColumns != nil:
		m := o.MergeColumns
		out := []mappingSQL{{m.Up, all}}
		for _, s := range m.From {
			out = append(out, mappingSQL{s.Down, withoutAll(m.From.Names(), m.Into)})
		}
		return out
	case o.SetNotNull != nil:
		n := o.SetNotNull
		if n.Fill == "" {
			return nil
		}
		return []mappingSQL{{n.Fill, all}, {fmt.Sprintf("COALESCE(%s, (%s))", quote(n.Column), n.Fill), all}}
	}
	return nil
}

// unsteady functions give another value at each call, so that two sides made by
// them could never be compared.
var unsteady = []string{"rand", "uuid", "uuid_short", "uuid_v4", "uuid_v7", "sys_guid", "random_bytes", "now", "sysdate", "current_timestamp", "current_date", "current_time", "curdate", "curtime",
	"localtime", "localtimestamp", "utc_date", "utc_time", "utc_timestamp", "unix_timestamp", "connection_id", "user", "current_user", "session_user", "last_insert_id", "row_count",
	"found_rows", "sleep", "get_lock", "nextval", "lastval", "benchmark"}

// unsuitable finds what the server would take and a column sync can't.
func unsuitable(sql string) string {
	list := tokens(sql)
	for i, t := range list {
		word := strings.ToLower(t.text)
		switch {
		case word == "select" || word == "with" || word == "table":
			return "a subquery can't be used: a trigger and a backfill would see other rows at other moments"
		case strings.HasPrefix(word, "@"):
			return "a variable can't be used: each session has its own value"
		case slices.Contains(unsteady, word) && !(word == "unix_timestamp" && !words(list[i+1:], "(", ")")) && (words(list[i+1:], "(") || strings.HasPrefix(word, "current_") || strings.HasPrefix(word, "utc_") || strings.HasPrefix(word, "localtime")):
			return strings.ToUpper(word) + " gives another value at each call, so that both sides could never be compared"
		case t.text == ";":
			return "several statements can't be used: give one expression"
		}
	}
	return ""
}

// judge lets the server prepare the expression over no rows. The first form finds
// aggregates and window functions, the second more than one column.
func (s *server) judge(ctx context.Context, t *schema.Table, m mappingSQL) (string, error) {
	var cols []string
	for n, c := range m.columns {
		cols = append(cols, quote(c)+" AS "+quote(n))
	}
	slices.Sort(cols)
	from := fmt.Sprintf("FROM (SELECT %s FROM %s) AS %s", strings.Join(cols, ", "), quoteTable(t.Ident), quote(t.Name))
	for _, q := range []string{
		fmt.Sprintf("SELECT 1 %s WHERE FALSE AND (%s\n) IS NULL", from, m.sql),
		fmt.Sprintf("SELECT (%s\n) %s WHERE FALSE", m.sql, from),
	} {
		n, err := s.width(ctx, q)
		if err != nil && number(err) != 0 {
			return err.Error(), nil
		}
		if err != nil {
			return "", fmt.Errorf("ask the server about the expression %s: %w", m.sql, err)
		}
		if n != 1 {
			return "one expression is wanted, this is a list", nil
		}
	}
	return "", nil
}

// width prepares a query on the server, runs it and counts its columns.
func (s *server) width(ctx context.Context, q string) (int, error) {
	st, err := s.db.PrepareContext(ctx, q)
	if err != nil {
		return 0, classify(err)
	}
	defer st.Close()
	rows, err := st.QueryContext(ctx)
	if err != nil {
		return 0, classify(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	for rows.Next() { // none: the condition is false
	}
	return len(names), classify(rows.Err())
}
