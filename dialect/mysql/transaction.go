package mysql

import (
	"context"
	"database/sql/driver"
	"time"
)

// rollbackTime is how long a ROLLBACK may take before its session is given up, which makes the server roll back as well.
const rollbackTime = 20 * time.Second

// driverConn is all that database/sql asks of a session of this driver.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// heedful is a session whose transactions end when their context does. The driver's own COMMIT and ROLLBACK heed no
// context: on a network that swallows everything they would wait for ever, and with them a runner that has lost its lease.
type heedful struct{ driverConn }

// BeginTx implements driver.ConnBeginTx.
func (c heedful) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if _, err := c.driverConn.BeginTx(ctx, opts); err != nil {
		return nil, err
	}
	return transaction{ctx, c.driverConn}, nil
}

type transaction struct {
	ctx context.Context // of BeginTx: database/sql gives Commit none
	on  driver.ExecerContext
}

// Commit implements driver.Tx. When its context ends meanwhile, nobody knows whether the server has committed.
func (t transaction) Commit() error {
	_, err := t.on.ExecContext(t.ctx, "COMMIT", nil)
	return err
}

// Rollback implements driver.Tx. It goes on when the context has ended: what is locked would stay so.
func (t transaction) Rollback() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), rollbackTime)
	defer cancel()
	_, err := t.on.ExecContext(ctx, "ROLLBACK", nil)
	return err
}
