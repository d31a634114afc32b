package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/schema"
)

func (p *program) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:        "doctor",
		Category:    groupLook,
		Usage:       "check server, settings and rights, and say what mends each",
		Description: "Exit 1 when something stands in the way of every run.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringSliceFlag{Name: "table", Usage: "also check rights on `TABLE`; may be repeated"},
		}, targetFlags(), []cli.Flag{outputFlag(textOrJSON...)}),
		Action: p.doctor,
	}
}

func (p *program) doctor(c *cli.Context) error {
	if err := p.setFormat(c.String("output"), textOrJSON...); err != nil {
		return err
	}
	if err := atMost(c, 0); err != nil {
		return &usageError{err.Error(), "tables are named by --table"}
	}
	var tables []schema.Ident
	for _, t := range c.StringSlice("table") {
		tables = append(tables, schema.ParseIdent(t))
	}
	return p.withEngine(c, nil, func(ctx context.Context, e *engine.Engine, _ *target) error {
		list, err := e.Doctor(ctx, tables)
		if err != nil {
			return err
		}
		p.emit(map[string]any{"checks": list}, func(g *page) { g.advice(list) })
		return ill(list)
	})
}

func ill(list []dialect.Advice) error {
	n := int64(0)
	for _, a := range list {
		if !a.OK && a.Fatal {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return dberr.WithHint(fmt.Errorf("%s in the way of every run", plural(n, "thing stands", "things stand")), "each ✗ names the statement or setting that mends it")
}
