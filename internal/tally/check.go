package tally

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// Check says how a table is compared with the tally.
type Check struct {
	// DSN of another, empty database, where the tally is written out by the server
	// itself, in the table's first shape.
	DSN string
	// Alter, if set, is run on that table: the tally in the new shape. It is what stands behind
	// ALTER TABLE t.
	Alter string
	// Create, if set, makes the tally's table in its new shape, where no ALTER TABLE does.
	Create string
	// Both runs it on a copy of the table too: what a lossy change made of a value is then
	// no difference.
	Both bool
	// Ignore are columns whose values nobody can foretell.
	Ignore []string
	// Helper is the name of an index that the table may have besides.
	Helper string
}

// Compare compares the table, row by row and byte by byte, and how the server
// describes it. Call it while the application pauses.
func (f *Fleet) Compare(ctx context.Context, c Check) error {
	oracle, err := throwaway.Open(c.DSN)
	if err != nil {
		return err
	}
	defer oracle.Close()
	if err := f.writeOut(ctx, oracle, c); err != nil {
		return fmt.Errorf("write the tally out: %w", err)
	}
	table, sh := Table, before
	if c.Alter != "" || c.Create != "" {
		sh = after
	}
	db := f.db
	if c.Both {
		if err := f.server.copyOf(ctx, f.db, oracle, c.Alter); err != nil {
			return fmt.Errorf("alter a copy: %w", err)
		}
		db, table = oracle, "actual"
	} else if err := f.sameDescription(ctx, oracle, c.Helper); err != nil {
		return err
	}
	return f.sameRows(ctx, db, table, oracle, sh, c.Ignore)
}

func (f *Fleet) writeOut(ctx context.Context, oracle *sql.DB, c Check) error {
	create := f.options.Subject.create(Table)
	if c.Create != "" {
		create = fmt.Sprintf(c.Create, Table)
	}
	for _, q := range []string{"DROP TABLE IF EXISTS " + Table, create} {
		if _, err := oracle.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	if err := f.fill(ctx, oracle, Table); err != nil || c.Alter == "" {
		return err
	}
	conn, err := f.inMode(ctx, oracle)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.ExecContext(ctx, "ALTER TABLE "+Table+" "+c.Alter)
	return err
}

// sameDescription compares how the server describes the table and the tally's.
func (f *Fleet) sameDescription(ctx context.Context, oracle *sql.DB, helper string) error {
	got, err := f.server.describe(ctx, f.db, helper)
	if err != nil {
		return fmt.Errorf("describe the table: %w", err)
	}
	want, err := f.server.describe(ctx, oracle, "")
	if err != nil {
		return fmt.Errorf("describe the tally: %w", err)
	}
	if got != want {
		return fmt.Errorf("the table is not what ALTER TABLE makes of it:\n%s\nwant:\n%s", got, want)
	}
	return nil
}

// sameRows compares the rows of a table with those of the oracle.
func (f *Fleet) sameRows(ctx context.Context, db *sql.DB, table string, oracle *sql.DB, sh shape, ignore []string) error {
	names, err := f.server.columns(ctx, oracle, false)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(ignore, strings.Trim(n, "`\"")) })
	got, err := f.cells(ctx, db, table, names, sh)
	if err != nil {
		return fmt.Errorf("read the table: %w", err)
	}
	want, err := f.cells(ctx, oracle, Table, names, sh)
	if err != nil {
		return fmt.Errorf("read the tally: %w", err)
	}
	return differ(got, want, f.hidden(ctx, oracle, names, sh))
}

// cells reads every row by its key, each column by its bytes.
func (f *Fleet) cells(ctx context.Context, db *sql.DB, table string, names []string, sh shape) (map[string][]string, error) {
	bytes, err := f.server.asBytes(ctx, db, table)
	if err != nil {
		return nil, err
	}
	exprs := []string{f.keyText(sh)}
	for _, n := range names {
		exprs = append(exprs, bytes(n))
	}
	rows, err := db.QueryContext(ctx, "SELECT "+strings.Join(exprs, ", ")+" FROM "+table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	cells := make([]sql.NullString, len(exprs))
	to := make([]any, len(exprs))
	for i := range cells {
		to[i] = &cells[i]
	}
	out := map[string][]string{}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		line := make([]string, len(names))
		for i, c := range cells[1:] {
			line[i] = c.String
			if !c.Valid {
				line[i] = "NULL"
			}
		}
		key := cells[0].String
		for out[key] != nil {
			key += "'" // a second row of the same key
		}
		out[key] = append([]string{strings.Join(names, ",")}, line...)
	}
	return out, rows.Err()
}

func (f *Fleet) keyText(sh shape) string {
	var out []string
	for _, k := range f.options.Subject.Key {
		out = append(out, f.server.text(f.server.quote(k.in(sh))))
	}
	return "CONCAT_WS('/', " + strings.Join(out, ", ") + ")"
}

// hidden tells which cells aren't compared: columns that a row was written without.
func (f *Fleet) hidden(ctx context.Context, oracle *sql.DB, names []string, sh shape) map[string]bool {
	out := map[string]bool{}
	if sh == after {
		return out
	}
	for _, n := range f.book.alive {
		r := f.book.rows[n]
		for i, c := range f.options.Subject.Columns {
			if !r.unknown[i] {
				continue
			}
			var key string
			q := "SELECT " + f.keyText(sh) + " FROM " + Table + " WHERE " + f.options.Subject.where(sh, n)
			if err := oracle.QueryRowContext(ctx, q).Scan(&key); err == nil {
				out[fmt.Sprint(key, "/", slices.Index(names, f.server.quote(c.Name)))] = true
			}
		}
	}
	return out
}

// differ lists rows that are missing, too many, or not the same.
func differ(got, want map[string][]string, hidden map[string]bool) error {
	var list []string
	for k, w := range want {
		g, ok := got[k]
		if !ok {
			list = append(list, fmt.Sprintf("row %s is missing", k))
			continue
		}
		for i := 1; i < len(w); i++ {
			if g[i] != w[i] && !hidden[fmt.Sprint(k, "/", i-1)] {
				list = append(list, fmt.Sprintf("row %s: %s is %s, want %s", k, strings.Split(w[0], ",")[i-1], cut(g[i]), cut(w[i])))
			}
		}
	}
	for k := range got {
		if want[k] == nil {
			list = append(list, fmt.Sprintf("row %s is one too many", k))
		}
	}
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	return fmt.Errorf("%d differences among %d rows:\n%s", len(list), len(want), strings.Join(list[:min(len(list), 12)], "\n"))
}
