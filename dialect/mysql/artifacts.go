package mysql

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

var marks = regexp.MustCompile(`phasemig ([0-9a-f]{12}):`)

func runOf(text string) string {
	if m := marks.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// Artifacts implements dialect.Server: triggers first, because a column can't go
// while a trigger names it.
func (s *server) Artifacts(ctx context.Context) ([]dialect.Artifact, error) {
	list, err := records(ctx, s.db, `SELECT trigger_schema, trigger_name, event_object_table, action_statement FROM information_schema.triggers
		WHERE trigger_name LIKE '~pm\\_%' ORDER BY trigger_schema, event_object_table, trigger_name`)
	if err != nil {
		return nil, fmt.Errorf("list our triggers: %w", err)
	}
	var out []dialect.Artifact
	for _, r := range list {
		id := schema.Ident{Schema: r["trigger_schema"], Name: r["event_object_table"]}
		out = append(out, dialect.Artifact{Kind: "trigger", Table: id, Name: r["trigger_name"], Run: runOf(r["action_statement"]),
			Remove: []string{trigger{name: r["trigger_name"]}.drop(id)}})
	}
	columns, err := s.markedColumns(ctx)
	if err != nil {
		return nil, err
	}
	views, err := s.markedViews(ctx)
	if err != nil {
		return nil, err
	}
	tables, err := s.markedTables(ctx)
	return slices.Concat(out, columns, views, tables), err
}

// markedViews finds views that stand in for a table by the mark in their text.
func (s *server) markedViews(ctx context.Context) ([]dialect.Artifact, error) {
	list, err := records(ctx, s.db, `SELECT table_schema, table_name, view_definition FROM information_schema.views
		WHERE view_definition LIKE '%phasemig %: stands in for a table; undo: phasemig rollback %' ORDER BY table_schema, table_name`)
	if err != nil {
		return nil, fmt.Errorf("list our views: %w", err)
	}
	var out []dialect.Artifact
	for _, r := range list {
		id := schema.Ident{Schema: r["table_schema"], Name: r["table_name"]}
		out = append(out, dialect.Artifact{Kind: "view", Table: id, Name: id.Name, Run: runOf(r["view_definition"]), Remove: []string{dropView(id)}})
	}
	return out, nil
}

// markedColumns finds columns by the mark in their comment.
func (s *server) markedColumns(ctx context.Context) ([]dialect.Artifact, error) {
	list, err := records(ctx, s.db, `SELECT table_schema, table_name, column_name, column_comment FROM information_schema.columns
		WHERE column_comment LIKE '%[phasemig %: %; undo: phasemig rollback %]' ORDER BY table_schema, table_name, ordinal_position`)
	if err != nil {
		return nil, fmt.Errorf("list our columns: %w", err)
	}
	var out []dialect.Artifact
	for _, r := range list {
		id := schema.Ident{Schema: r["table_schema"], Name: r["table_name"]}
		t, err := s.Table(ctx, id)
		for try := 0; err != nil && !gone(err) && ctx.Err() == nil && try < 3; try++ {
			t, err = s.Table(ctx, id) // somebody is changing it: its parts didn't fit together
		}
		if gone(err) {
			continue // dropped since, by whoever owns it: the list is of the whole server
		}
		if err != nil {
			return nil, err
		}
		c, ok := t.Column(r["column_name"])
		if !ok {
			continue
		}
		out = append(out, dialect.Artifact{Kind: "column", Table: id, Name: c.Name, Run: runOf(c.Comment), Remove: []string{s.removeColumn(id, c)}})
	}
	return out, nil
}

// gone reports whether a table was not there to be read.
func gone(err error) bool {
	var input *plans.InputError
	return errors.As(err, &input) || errors.Is(err, dberr.NotThere)
}

// removeColumn drops a column that is out of sight. One in sight has taken the old
// one's place and holds the application's data: it only loses its mark.
func (s *server) removeColumn(id schema.Ident, c schema.Column) string {
	if c.Invisible {
		return fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s, %s", quoteTable(id), quote(c.Name), inplace)
	}
	k := parseClause(tokens(c.Definition))
	k.Comment = unmarked(k.Comment)
	return fmt.Sprintf("ALTER TABLE %s MODIFY COLUMN %s %s, %s", quoteTable(id), quote(c.Name), k.SQL(), inplace)
}

func unmarked(comment string) string {
	if i := strings.LastIndex(comment, "[phasemig "); i >= 0 {
		return strings.TrimSpace(comment[:i])
	}
	return comment
}

// Remove implements dialect.Server.
func (s *server) Remove(ctx context.Context, list []dialect.Artifact) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("remove artifacts: %w", classify(err))
	}
	defer discard(conn)
	if _, err := conn.ExecContext(ctx, "SET SESSION lock_wait_timeout = 2"); err != nil {
		return fmt.Errorf("remove artifacts: %w", classify(err))
	}
	for _, a := range list {
		for _, q := range a.Remove {
			_, err := conn.ExecContext(ctx, q)
			if err = classify(err); err != nil && !errors.Is(err, dberr.NotThere) && !is(err, 1054) {
				return fmt.Errorf("remove %s %s of %s: %w", a.Kind, a.Name, a.Table, err)
			}
		}
	}
	return nil
}
