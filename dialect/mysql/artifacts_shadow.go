package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// markedTables finds shadows, old tables and sentries by the mark in their comment, and
// the tables in which runs keep their place in the log.
func (s *server) markedTables(ctx context.Context) ([]dialect.Artifact, error) {
	list, err := records(ctx, s.db, `SELECT table_schema, table_name, table_comment FROM information_schema.tables
		WHERE table_type = 'BASE TABLE' AND table_comment LIKE '%[phasemig %: %; undo: phasemig rollback %]' ORDER BY table_schema, table_name`)
	if err != nil {
		return nil, fmt.Errorf("list our tables: %w", err)
	}
	var out []dialect.Artifact
	for _, r := range list {
		a, err := s.markedTable(ctx, r)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	kept, err := s.checkpoints(ctx)
	return append(out, kept...), err
}

// markedTable: in the moment after a swap the table in use still carries the mark that it
// had while it was the shadow. Only a table of a name that stands aside is dropped; any
// other one loses its mark.
func (s *server) markedTable(ctx context.Context, r record) (dialect.Artifact, error) {
	id := schema.Ident{Schema: r["table_schema"], Name: r["table_name"]}
	out := dialect.Artifact{Kind: "table", Table: id, Name: id.Name, Run: runOf(r["table_comment"])}
	p, err := s.storedPlan(ctx, out.Run)
	if err != nil {
		return out, err
	}
	named := id
	switch name := hiddenTable(p, id); {
	case standsAside(p, id):
		out.Remove = []string{"DROP TABLE " + quoteTable(id)}
		return out, nil
	case name != "": // it holds the user's rows
		named.Name = name
		out.Remove = []string{renameAll(id, named)}
	}
	out.Remove = append(out.Remove, fmt.Sprintf("ALTER TABLE %s COMMENT = %s", quoteTable(named), quoteText(unmarked(r["table_comment"]))))
	return out, nil
}

// hiddenTable is what a table was called that was taken out of sight to be dropped; "" for any other one.
func hiddenTable(p *plans.Plan, id schema.Ident) string {
	if p == nil {
		name, ok := strings.CutSuffix(id.Name, "_pm_dropped")
		if ok && strings.HasPrefix(name, "_") {
			return name[1:]
		}
		return ""
	}
	for _, r := range p.Recipes {
		if r.Operation == "drop_table" && r.Table.Schema == id.Schema && plans.Aside(r.Table.Name, nameLimit, false) == id.Name {
			return r.Table.Name
		}
	}
	return ""
}

// standsAside asks the run's plan what its tables are called. Without it only an uncut name
// tells.
func standsAside(p *plans.Plan, id schema.Ident) bool {
	if p == nil {
		return strings.HasSuffix(id.Name, "_pm_new") || strings.HasSuffix(id.Name, "_pm_old")
	}
	return slices.ContainsFunc(p.Alters, func(a plans.Alter) bool {
		return a.Way == plans.Shadow && a.Table.Schema == id.Schema && a.Table.Name != id.Name && (id.Name == a.New || id.Name == a.Old)
	})
}

// storedPlan is the plan of a run, or nil when the run isn't known here.
func (s *server) storedPlan(ctx context.Context, run string) (*plans.Plan, error) {
	list, err := records(ctx, s.db, "SELECT plan FROM "+quote(stateSchema)+".run WHERE id = ?", run)
	if errors.Is(err, dberr.NotThere) || err == nil && len(list) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the plan of run %s: %w", run, err)
	}
	p, err := plans.Decode([]byte(list[0]["plan"]))
	if err != nil {
		return nil, fmt.Errorf("read the plan of run %s: %w", run, err)
	}
	return p, nil
}

func (s *server) checkpoints(ctx context.Context) ([]dialect.Artifact, error) {
	prefix := checkpointTable("", 0).Name
	list, err := records(ctx, s.db, `SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_name LIKE ?
		AND table_comment LIKE 'phasemig: from where run %' ORDER BY table_name`, stateSchema, strings.ReplaceAll(prefix, "_", `\_`)+"%")
	if err != nil {
		return nil, fmt.Errorf("list where runs keep their place in the log: %w", err)
	}
	var out []dialect.Artifact
	for _, r := range list {
		id := schema.Ident{Schema: stateSchema, Name: r["table_name"]}
		run, _, _ := strings.Cut(strings.TrimPrefix(id.Name, prefix), "_")
		out = append(out, dialect.Artifact{Kind: "table", Table: id, Name: id.Name, Run: run, Remove: []string{"DROP TABLE " + quoteTable(id)}})
	}
	return out, nil
}
