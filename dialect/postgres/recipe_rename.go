package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// invokers is the first version whose views ask for the rights, and the policies, of whoever uses them.
const invokers = 150000

// renames are the names of a rename: both, and those that the view has in contract and while names change.
type renames struct {
	t                *schema.Table
	old, new         schema.Ident
	oldView, between schema.Ident
	mark             string
}

// renameTable: the view follows the table whatever both are called, so the switch is nothing but names.
func (r *recipe) renameTable() error {
	if err := r.unrenamed(); err != nil {
		return err
	}
	to := r.out.To
	beside := func(name string) schema.Ident { return schema.Ident{Schema: r.t.Schema, Name: name} }
	n := renames{t: r.t, old: r.t.Ident, new: to, mark: markText(r.plan, "stands in for a table"),
		oldView: beside(plans.ViewName(r.t.Name, 63, true)), between: beside(plans.ViewName(to.Name, 63, true))}
	r.out.Rename(to, []plans.Renaming{n.offer(r.f.Server.Number), n.exchange(), n.hide(), n.drop()})
	r.out.Notes = append(r.out.Notes, n.notes(r.f.Server.Number)...)
	r.out.Mentioned(r.f, r.t)
	return nil
}

// unrenamed refuses what a view can't stand in for.
func (r *recipe) unrenamed() error {
	for _, d := range r.t.Dependents {
		if d.Kind == "policy" && r.f.Server.Number < invokers {
			return r.refuse("", "policy %s decides which rows a user sees, and before PostgreSQL 15 a view would ask for its owner", d.Name)
		}
	}
	return nil
}

func (n renames) table(name schema.Ident) *schema.Table { return plans.Named(n.t, name.Name) }

// view is what the catalog shows of the view under a name, while the table has another.
func (n renames) view(name, of schema.Ident) *schema.Table {
	return &schema.Table{Ident: name, Kind: schema.View, Comment: n.mark, Definition: relation(of)}
}

func (n renames) create(number int) string {
	with := ""
	if number >= invokers {
		with = " WITH (security_invoker = true)"
	}
	var cols []string
	for _, c := range n.t.Columns {
		cols = append(cols, c.Name)
	}
	return fmt.Sprintf("CREATE VIEW %s%s AS SELECT %s FROM %s", relation(n.new), with, quoteAll(cols), relation(n.old))
}

func renameTo(kind string, from, to schema.Ident) string {
	return "ALTER " + kind + " " + relation(from) + " RENAME TO " + Quote(to.Name)
}

func (n renames) before() plans.Scene {
	return plans.Scene{n.old.Name: n.table(n.old), n.new.Name: n.view(n.new, n.old)}
}

func (n renames) after() plans.Scene {
	return plans.Scene{n.new.Name: n.table(n.new), n.old.Name: n.view(n.old, n.new)}
}

func (n renames) offer(number int) plans.Renaming {
	return plans.Renaming{Phase: plans.Expand, Does: "offer " + n.old.Name + " as " + n.new.Name + ", too", Lock: plans.Lock{Level: "none"},
		There:  []string{n.create(number), "COMMENT ON VIEW " + relation(n.new) + " IS " + literal(n.mark)},
		Back:   []string{"DROP VIEW IF EXISTS " + relation(n.new)},
		Before: plans.Scene{n.old.Name: n.table(n.old)}, After: []plans.Scene{n.before()},
		Because: "A view takes reads and writes as the table does, and gets the table's owner and rights."}
}

// exchange locks the view before the table, as every statement does that names the view. The other way round, one that writes by the view's name
// would hold it and wait for the table, and the exchange would wait for the view: a deadlock with each of them.
func (n renames) exchange() plans.Renaming {
	return plans.Renaming{Phase: plans.Switch, Does: "exchange the names " + n.old.Name + " and " + n.new.Name, Lock: accessExclusive,
		There:  []string{renameTo("VIEW", n.new, n.between), renameTo("TABLE", n.old, n.new), renameTo("VIEW", n.between, n.old)},
		Back:   []string{renameTo("VIEW", n.old, n.between), renameTo("TABLE", n.new, n.old), renameTo("VIEW", n.between, n.new)},
		Before: n.before(), After: []plans.Scene{n.after()},
		Because: "Table and view change names in one transaction: whoever waits for it finds both names. What depends on the table follows it."}
}

// hide leaves the table out of what it looks at, which may have changed since: only the view is moved.
func (n renames) hide() plans.Renaming {
	return plans.Renaming{Phase: plans.Contract, Does: "take the name " + n.old.Name + " away", Lock: accessExclusive,
		There: []string{renameTo("VIEW", n.old, n.oldView)}, Back: []string{renameTo("VIEW", n.oldView, n.old)},
		Before: plans.Scene{n.old.Name: n.view(n.old, n.new)}, After: []plans.Scene{{n.oldView.Name: n.view(n.oldView, n.new)}},
		Because: "Whoever still uses the old name fails now, while the way back is a rename of a view."}
}

func (n renames) drop() plans.Renaming {
	return plans.Renaming{Phase: plans.Contract, Does: "drop the view", Lock: accessExclusive,
		There:  []string{"DROP VIEW IF EXISTS " + relation(n.oldView)},
		Before: plans.Scene{n.oldView.Name: n.view(n.oldView, n.new)}, After: []plans.Scene{{}},
		Because: "The end of the way back; no row goes, the table has them all.", Stays: "the view is gone; ALTER TABLE … RENAME gives the table its old name again, and a view can stand in for the other"}
}

func (n renames) notes(number int) []string {
	at := n.old.String()
	no := "TRUNCATE, COPY, ALTER TABLE, CREATE INDEX, a foreign key that points at it, ON CONFLICT ON CONSTRAINT (with columns it goes), GROUP BY of the key alone, ctid, xmin and other system columns, ONLY"
	if number < 170000 {
		no += ", MERGE"
	}
	out := []string{
		fmt.Sprintf("%s: what a view doesn't take: %s. Until the switch that is the name %s, from then on %s.", at, no, n.new.Name, n.old.Name),
		fmt.Sprintf("%s: indexes, constraints and sequences keep the names that they have.", at),
	}
	for _, d := range n.t.Dependents {
		if d.Kind == "publication" {
			out = append(out, fmt.Sprintf("%s: publication %s sends its rows under the name %s from the switch on: a subscriber stops until its table is called so, too.", at, d.Name, n.new.Name))
		}
	}
	return out
}

// reads tells a view apart by what it reads: the text would change with every name in it.
func (r *reader) reads(t *schema.Table) error {
	if t.Kind != schema.View {
		return nil
	}
	var list []struct{ Name string }
	err := r.rows(&list, `SELECT DISTINCT '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"' AS "Name" FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> $1
		JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE w.ev_class = $1 ORDER BY 1`)
	var names []string
	for _, x := range list {
		names = append(names, x.Name)
	}
	t.Definition = strings.Join(names, ", ")
	return err
}

// becomes reads what stands under the name that a table is to get, and which functions name it by the one that it has.
func (s *server) becomes(ctx context.Context, o plans.Operation, t *schema.Table, f *plans.Facts) error {
	to, ok := o.Becomes(t.Ident)
	if !ok {
		return nil
	}
	n, err := s.Table(ctx, to)
	if missing := new(plans.InputError); errors.As(err, &missing) {
		n, err = &schema.Table{Ident: to, Kind: schema.Absent}, nil
	}
	if err != nil {
		return err
	}
	if _, seen := f.Table(to); !seen {
		f.Tables = append(f.Tables, *n)
	}
	list, err := lines(ctx, s.db, `SELECT p.oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
		WHERE l.lanname NOT IN ('internal', 'c') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'phasemig')
		AND p.prosrc ~ ('\m' || pg_catalog.regexp_replace($1, '([^[:alnum:]_ ])', '\\\1', 'g') || '\M') ORDER BY 1`, t.Name)
	if err != nil {
		return fmt.Errorf("look for functions that name table %s: %w", t.Ident, classify(err))
	}
	for _, name := range list {
		f.Mentions = append(f.Mentions, plans.Mention{Table: t.Ident, Kind: "function", Name: name})
	}
	return nil
}

// standIn gives the view of a rename, whichever name it has, the owner and the rights that the table has at this moment.
func (w *whole) standIn(ctx context.Context, r *plans.Recipe) error {
	if r.Operation != "rename_table" {
		return nil
	}
	view, table, err := w.sides(ctx, r)
	if err != nil || view == "" {
		return err
	}
	for _, q := range []string{ownerSQL, rightsSQL} { // the owner gives the rights
		list, err := lines(ctx, w.tx, q, view, table)
		if err != nil {
			return fmt.Errorf("read the rights on %s: %w", table, classify(err))
		}
		if err := w.run(ctx, list); err != nil {
			return err
		}
	}
	return nil
}

// sides finds which of the two names is the view's; "": there is none.
func (w *whole) sides(ctx context.Context, r *plans.Recipe) (view, table string, err error) {
	var kinds [2]string
	var secured bool
	names := [2]string{relation(r.Table), relation(r.To)}
	err = w.tx.QueryRowContext(ctx, `SELECT coalesce(max(c.relkind::text) FILTER (WHERE c.oid = pg_catalog.to_regclass($1)::oid), ''), coalesce(max(c.relkind::text) FILTER (WHERE c.oid = pg_catalog.to_regclass($2)::oid), ''),
		coalesce(bool_or(c.relrowsecurity), false) AND pg_catalog.current_setting('server_version_num')::int < $3
		FROM pg_catalog.pg_class c WHERE c.oid IN (pg_catalog.to_regclass($1)::oid, pg_catalog.to_regclass($2)::oid)`, names[0], names[1], invokers).Scan(&kinds[0], &kinds[1], &secured)
	switch {
	case err != nil:
		return "", "", fmt.Errorf("look at %s and %s: %w", r.Table, r.To, classify(err))
	case secured:
		return "", "", dberr.WithHint(fmt.Errorf("%w: %s has row-level security, and a view of this version would ask for its owner's", plans.ErrStale, r.Table), "roll back")
	case kinds[0] == "v":
		return names[0], names[1], nil
	case kinds[1] == "v":
		return names[1], names[0], nil
	}
	return "", "", nil
}

const ownerSQL = `SELECT pg_catalog.format('ALTER VIEW %s OWNER TO %I', $1::text, pg_catalog.pg_get_userbyid(t.relowner)) FROM pg_catalog.pg_class t, pg_catalog.pg_class v
	WHERE t.oid = pg_catalog.to_regclass($2)::oid AND v.oid = pg_catalog.to_regclass($1)::oid AND v.relowner <> t.relowner`

// rightsSQL takes first what others have on the view, by default privileges or from before.
const rightsSQL = `WITH t AS (SELECT c.*, pg_catalog.to_regclass($1)::oid AS view FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($2)::oid),
	acl AS (SELECT '' AS col, x.* FROM t, pg_catalog.aclexplode(t.relacl) AS x WHERE x.grantee <> t.relowner
		UNION ALL SELECT ' (' || pg_catalog.quote_ident(a.attname) || ')', x.* FROM t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND NOT a.attisdropped, pg_catalog.aclexplode(a.attacl) AS x WHERE x.grantee <> t.relowner),
	given AS (SELECT DISTINCT x.grantee FROM t JOIN pg_catalog.pg_class v ON v.oid = t.view, pg_catalog.aclexplode(v.relacl) AS x WHERE x.grantee <> t.relowner
		UNION SELECT x.grantee FROM t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.view AND NOT a.attisdropped, pg_catalog.aclexplode(a.attacl) AS x WHERE x.grantee <> t.relowner)
	SELECT line FROM (
	SELECT 1 AS o, pg_catalog.format('REVOKE ALL ON TABLE %s FROM %s', $1::text, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee)) END) AS line FROM given
	UNION ALL SELECT 2, pg_catalog.format('GRANT %s%s ON TABLE %s TO %s%s', privilege_type, col, $1::text, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee)) END, CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM acl
	) AS x ORDER BY o, line`
