package traffic

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// transaction is one transaction of a writer: what it has written so far, and
// what that changes for the rows that the writer owns.
type transaction struct {
	ctx context.Context
	tx  *sql.Tx
	w   *writer

	last    string // the statement at work, for the report of an error
	writes  map[int64][]write
	claimed map[int64]bool // own rows that were inserted, deleted or rekeyed in here
	settled []func()       // what is true once it is committed
}

// counted runs a statement, notes how long it took, and remembers its text.
func (t *transaction) counted(q string, f func() error) error {
	t.last = q
	began := time.Now()
	err := f()
	t.w.account(func(m *meter) { m.statement(q, began) })
	return err
}

func (t *transaction) exec(q string, args ...any) (sql.Result, error) {
	var r sql.Result
	err := t.counted(q, func() (err error) {
		r, err = t.tx.ExecContext(t.ctx, q, args...)
		return err
	})
	return r, err
}

// versions runs a query that returns ids and versions.
func (t *transaction) versions(q string, args ...any) (ids, versions []int64, err error) {
	err = t.counted(q, func() error {
		rows, err := t.tx.QueryContext(t.ctx, q, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, version int64
			if err := rows.Scan(&id, &version); err != nil {
				return err
			}
			ids, versions = append(ids, id), append(versions, version)
		}
		return rows.Err()
	})
	return ids, versions, err
}

// write runs an update of the given rows and logs it with the versions that the
// rows have after it. Rows that aren't there are left out.
func (t *transaction) write(w write, q string, args []any, ids ...int64) error {
	got, versions, err := t.change(q, args, ids)
	for i, id := range got {
		w.version = versions[i]
		t.writes[id] = append(t.writes[id], w)
	}
	return err
}

func (t *transaction) change(q string, args []any, ids []int64) (got, versions []int64, err error) {
	if t.w.sql.postgres {
		return t.versions(q, args...)
	}
	// Several rows: those that are there are locked first, for one that appears
	// between the statements would be taken for one that was written.
	many := len(ids) > 1
	if many {
		if got, _, err = t.versions(t.w.sql.versions(len(ids), true), anys(ids)...); err != nil || len(got) == 0 {
			return nil, nil, err
		}
		ids = got
	}
	r, err := t.exec(q, args...)
	if err != nil {
		return nil, nil, err
	}
	switch n, err := r.RowsAffected(); {
	case err != nil || n == 0:
		return nil, nil, err
	case many && n != int64(len(ids)): // an upsert of one row counts two
		return nil, nil, errAppeared
	}
	return t.versions(t.w.sql.versions(len(ids), false), anys(ids)...)
}

// errAppeared: between the lock of several rows and their update one of them came back, so
// that nobody knows which were written. The transaction begins anew.
var errAppeared = errors.New("a row appeared between two statements")

func anys(ids []int64) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}

// insert runs an insert of rows that get their ids from the server and returns them.
func (t *transaction) insert(q string, args []any, n int) ([]int64, error) {
	if t.w.sql.postgres {
		ids, _, err := t.versions(q, args...)
		return ids, err
	}
	r, err := t.exec(q, args...)
	if err != nil {
		return nil, err
	}
	first, err := r.LastInsertId()
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = first + int64(i)
	}
	return ids, err
}

// errUnknown: the commit got no answer.
var errUnknown = errors.New("the outcome of a commit is not known")

func (t *transaction) commit() error {
	err := t.counted("COMMIT", t.tx.Commit)
	switch {
	case err == nil:
		t.w.model.commit(t.writes)
		for _, f := range t.settled {
			f()
		}
		return nil
	case classify(err) == otherFault:
		t.w.model.doubt(t.writes)
		return errors.Join(errUnknown, err)
	}
	return err
}
