package practice

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/drill"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// snapshot is what a database holds: the plan's tables in words and, by column, as digests of their rows; and the names of all
// else that there is.
type snapshot struct {
	schema  []string
	objects []string
	rows    map[schema.Ident]int64
	columns map[place]column
}

type place struct {
	table schema.Ident
	name  string
}

// column is its type and the sum of the digests of its values, each with the row's key.
type column struct{ typ, digest string }

const postgresObjects = `SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'phasemig')
UNION ALL SELECT 'relation ' || n.nspname || '.' || c.relname || ' (' || c.relkind::text || ')' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'phasemig')
UNION ALL SELECT 'function ' || n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'phasemig')
UNION ALL SELECT 'trigger ' || tgname || ' on ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text NOT LIKE 'phasemig.%'
UNION ALL SELECT 'publication ' || pubname FROM pg_publication
UNION ALL SELECT 'slot ' || slot_name FROM pg_replication_slots WHERE database = current_database()`

const mysqlObjects = `SELECT concat('table ', table_name) FROM information_schema.tables WHERE table_schema = database()
UNION ALL SELECT concat('trigger ', trigger_name) FROM information_schema.triggers WHERE trigger_schema = database()
UNION ALL SELECT concat('routine ', routine_name) FROM information_schema.routines WHERE routine_schema = database()
UNION ALL SELECT concat('event ', event_name) FROM information_schema.events WHERE event_schema = database()`

func look(ctx context.Context, dsn string, t tongue, p *plans.Plan, db *dialect.Database) (*snapshot, error) {
	s := &snapshot{rows: map[schema.Ident]int64{}, columns: map[place]column{}}
	err := on(ctx, dsn, func(ctx context.Context, c *sql.Conn) error {
		query := mysqlObjects
		if t.postgres {
			query = postgresObjects
		}
		list, err := lines(ctx, c, query)
		if err != nil {
			return err
		}
		for _, l := range list {
			s.objects = append(s.objects, l[0])
		}
		slices.Sort(s.objects)
		for _, id := range p.Tables() {
			if err := s.table(ctx, c, t, p, db, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look at schema and rows: %w", err)
	}
	return s, nil
}

// table looks at a table, which may not be there at a moment at which the plan has it so.
func (s *snapshot) table(ctx context.Context, c *sql.Conn, t tongue, p *plans.Plan, db *dialect.Database, id schema.Ident) error {
	table, err := tableOf(ctx, db, p, id)
	if err != nil {
		return err
	}
	s.schema = append(s.schema, fmt.Sprintf("%s: kind %s %s", id, table.Kind, table.Definition))
	if table.Kind == schema.Absent {
		return nil
	}
	for _, l := range table.Lines() {
		s.schema = append(s.schema, id.String()+": "+l)
	}
	return s.digest(ctx, c, t, table)
}

// tableOf reads a table of the plan; one that the plan makes, renames or drops may be absent.
func tableOf(ctx context.Context, db *dialect.Database, p *plans.Plan, id schema.Ident) (*schema.Table, error) {
	table, err := db.Server.Table(ctx, id)
	if missing := new(plans.InputError); errors.As(err, &missing) && p.MayMiss(id) {
		return &schema.Table{Ident: id, Kind: schema.Absent}, nil
	}
	return table, err
}

func (s *snapshot) digest(ctx context.Context, c *sql.Conn, t tongue, table *schema.Table) error {
	key, _ := table.Key() // without one rows that changed places look the same
	var keys []string
	sums := []string{"count(*)"}
	for _, k := range key.Columns {
		keys = append(keys, t.quote(k.Name))
	}
	for _, col := range table.Columns {
		sums = append(sums, t.sum(keys, t.quote(col.Name)))
	}
	list, err := lines(ctx, c, "SELECT "+strings.Join(sums, ", ")+" FROM "+t.table(table.Ident))
	if err != nil {
		return err
	}
	n := int64(0)
	if _, err := fmt.Sscan(list[0][0], &n); err != nil {
		return fmt.Errorf("read the number of rows: %w", err)
	}
	s.rows[table.Ident] = n
	for i, col := range table.Columns {
		s.columns[place{table.Ident, col.Name}] = column{col.Type, list[0][i+1]}
	}
	return nil
}

// sum adds up a part of the hash of each value with its row's key, on stored bytes.
func (t tongue) sum(keys []string, col string) string {
	if t.postgres {
		return fmt.Sprintf("sum(('x' || substr(md5(ROW(%s)::text), 1, 15))::bit(60)::bigint::numeric)", strings.Join(append(slices.Clone(keys), col), ", "))
	}
	var parts []string
	for _, k := range keys {
		parts = append(parts, "HEX(CONCAT("+k+"))")
	}
	parts = append(parts, "IFNULL(HEX(CONCAT("+col+")), 'N')")
	return fmt.Sprintf("SUM(CAST(CONV(SUBSTRING(SHA2(CONCAT_WS('|', %s), 256), 1, 15), 16, 10) AS DECIMAL(30)))", strings.Join(parts, ", "))
}

// sameRows reports whether nobody wrote between two looks at the same schema.
func (s *snapshot) sameRows(o *snapshot) bool {
	return maps.Equal(s.rows, o.rows) && maps.Equal(s.columns, o.columns)
}

// compare holds what stands after a rollback against what stood before the phase. If the checks have written in between, rows
// are held against what stood right before the rollback, and only in columns that mean the same on both sides.
func compare(p *plans.Plan, before, written, now *snapshot) *drill.Comparison {
	out := &drill.Comparison{Schema: append(schema.Difference(before.schema, now.schema), schema.Difference(before.objects, now.objects)...)}
	ref := before
	if written != nil {
		ref = written
		out.Note = "the checks have written: rows are compared with those right before the rollback, in the columns that it doesn't change"
	}
	for _, id := range p.Tables() {
		if _, there := now.rows[id]; there && ref.rows[id] != now.rows[id] {
			out.Rows = append(out.Rows, fmt.Sprintf("%s has %d rows and had %d", id, now.rows[id], ref.rows[id]))
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(now.columns), func(a, b place) int {
		return strings.Compare(a.table.String()+" "+a.name, b.table.String()+" "+b.name)
	}) {
		was, ok := ref.columns[at]
		is := now.columns[at]
		if !ok || written != nil && (was.typ != is.typ || swapped(p, at) || p.MayMiss(at.table)) { // a view has no key to digest with
			continue
		}
		if was.digest != is.digest {
			out.Rows = append(out.Rows, fmt.Sprintf("the values of %s.%s differ", at.table, at.name))
		}
	}
	return out
}

// swapped: the column has another meaning under the same name after the switch.
func swapped(p *plans.Plan, at place) bool {
	return slices.ContainsFunc(p.Syncs, func(s plans.Sync) bool {
		return s.Swap && s.Table == at.table && slices.Contains(s.Columns(), at.name)
	})
}
