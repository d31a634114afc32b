package mysql

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/plans"
)

// shadowed is one ALTER TABLE on a shadow, and an engine that carries it out.
type shadowed struct {
	*home
	plan  *plans.Plan
	notes []string
}

func alterOf(table, sql string) plans.Change {
	return plans.Change{Strategy: "shadow", Gates: plans.NoGates(), Operations: []plans.Operation{{AlterTable: &plans.AlterTable{Table: table, SQL: sql}}}}
}

// newShadowed plans the change of a table that is there.
func newShadowed(h *home, table, sql string) *shadowed {
	h.t.Helper()
	p, err := h.plan(alterOf(table, sql))
	if err != nil {
		h.t.Fatalf("plan %s: %v", sql, err)
	}
	return &shadowed{home: h, plan: p}
}

func (s *shadowed) engine() *engine.Engine {
	return engine.New(s.d, engine.Config{LockBudget: 30 * time.Second, ChunkRows: 200}, func(e engine.Event) {
		switch e := e.(type) {
		case engine.Note:
			s.notes = append(s.notes, e.Text)
		case engine.StepDone:
			s.t.Logf("%s: %d rows, %s", e.Step, e.Rows, e.Note)
		}
	})
}

// apply runs one phase.
func (s *shadowed) apply(ctx context.Context, name plans.PhaseName) error {
	_, err := s.engine().Apply(ctx, s.plan, engine.Options{Phase: name})
	return err
}

// to brings the run behind a phase.
func (s *shadowed) to(name plans.PhaseName) {
	s.t.Helper()
	for _, n := range plans.PhaseNames() {
		if err := s.apply(s.t.Context(), n); err != nil {
			s.t.Fatalf("%s: %v", n, err)
		}
		if n == name {
			return
		}
	}
}

// back takes the last phase back.
func (s *shadowed) back() error {
	_, err := s.engine().Rollback(s.t.Context(), s.plan.ID, engine.RollbackOptions{})
	return err
}

func (s *shadowed) rollback() {
	s.t.Helper()
	if err := s.back(); err != nil {
		s.t.Fatalf("rollback: %v", err)
	}
}

// alter is the change itself.
func (s *shadowed) alter() *plans.Alter { return &s.plan.Alters[0] }

func (s *shadowed) names() []string {
	s.t.Helper()
	return s.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1")
}

func TestShadowLife(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE t (id int PRIMARY KEY, name varchar(40) NOT NULL, n int NOT NULL, UNIQUE KEY by_name (name))",
			"INSERT INTO t SELECT seq, CONCAT('n', seq), seq FROM (WITH RECURSIVE s AS (SELECT 1 AS seq UNION ALL SELECT seq + 1 FROM s WHERE seq < 900) SELECT * FROM s) AS x")
		s := newShadowed(h, "t", "MODIFY n bigint NOT NULL, ADD KEY by_n (n)")
		s.to(plans.Switch)
		h.exec("INSERT INTO t VALUES (5000, 'new', 3)", "DELETE FROM t WHERE id = 3", "UPDATE t SET n = n + 1 WHERE id < 10")
		before := h.rows("SELECT * FROM t ORDER BY id")
		s.rollback()
		h.want("SELECT data_type FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 't' AND column_name = 'n'", "int")
		if got := h.rows("SELECT * FROM t ORDER BY id"); !slices.Equal(got, before) {
			t.Errorf("after the rollback: %d rows that differ from %d", len(got), len(before))
		}
		s.to(plans.Contract)
		if got := s.names(); !slices.Equal(got, []string{"t"}) {
			t.Errorf("left: %v", got)
		}
		h.want("SELECT data_type FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 't' AND column_name = 'n'", "bigint")
	})
}
