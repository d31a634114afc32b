package practice

import (
	"context"
	"fmt"
	"io"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// own is a throwaway server.
type own struct {
	server   *throwaway.Server
	database string
}

// newOwn starts a server of the plan's product and version.
func newOwn(ctx context.Context, p *plans.Plan, log io.Writer) (*own, error) {
	kind := kindOf(p)
	s, err := throwaway.Start(ctx, kind, throwaway.Options{AllowInstall: true, Log: log, Settings: settings(p, kind)})
	if err != nil {
		return nil, dberr.WithHint(fmt.Errorf("start a server for the drill: %w", err), "give --dsn of a server of %s %s that serves nobody", assumed(p, "product"), assumed(p, "version"))
	}
	return &own{s, databaseOf(p)}, nil
}

// kindOf is the server that the plan was made for; whether it is one is seen when the plan is held against it.
func kindOf(p *plans.Plan) throwaway.Kind {
	switch p.Dialect {
	case "mysql":
		return throwaway.MySQL
	case "mariadb":
		return throwaway.MariaDB
	}
	if k, err := throwaway.ParseKind("postgres" + assumed(p, "version")); err == nil {
		return k
	}
	return throwaway.Postgres
}

// settings give it what the plan assumes of the server, and the log that a server of some size has.
func settings(p *plans.Plan, k throwaway.Kind) []string {
	switch k {
	case throwaway.MySQL:
		return []string{"innodb-redo-log-capacity=1G", assumed(p, "modes")}
	case throwaway.MariaDB:
		return []string{"innodb-log-file-size=1G", assumed(p, "modes")}
	}
	return []string{"max_wal_size=4GB"}
}

func assumed(p *plans.Plan, what string) string {
	for _, a := range p.Assumes {
		if a.What == what {
			return a.Value
		}
	}
	return ""
}

// databaseOf is what the plan's statements call the database; where they don't name it any name will do.
func databaseOf(p *plans.Plan) string {
	if p.Dialect == "postgres" {
		return "phasemig_drill_" + p.ID
	}
	return p.Tables()[0].Schema
}

func (o *own) make(ctx context.Context) (string, error) {
	if err := o.server.CreateDatabase(ctx, o.database); err != nil {
		return "", err
	}
	return o.server.DSN(o.database), nil
}

// drop leaves the next trial a server without a trace of the last one.
func (o *own) drop(ctx context.Context) error {
	if err := o.dropSlots(ctx); err != nil {
		return err
	}
	if err := o.server.DropDatabase(ctx, o.database); err != nil || o.server.Kind().IsPostgres() {
		return err
	}
	return o.server.DropDatabase(ctx, "phasemig")
}

func (o *own) dropSlots(ctx context.Context) error {
	if !o.server.Kind().IsPostgres() {
		return nil
	}
	return dropSlots(ctx, o.server.DSN("postgres"), o.database)
}

func (o *own) end(ctx context.Context) error { return o.server.Stop(ctx) }

func (o *own) words() string { return "a server of its own" }
