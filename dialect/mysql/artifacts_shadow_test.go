package mysql

import (
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
)

// artifacts lists those of one run as "name: what removes it".
func (s *shadowed) artifacts() []string {
	s.t.Helper()
	var out []string
	for _, a := range s.listed() {
		verb, _, _ := strings.Cut(a.Remove[0], " ")
		out = append(out, a.Name+" "+verb)
	}
	slices.Sort(out)
	return out
}

func (s *shadowed) listed() []dialect.Artifact {
	s.t.Helper()
	list, err := s.d.Server.Artifacts(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(a dialect.Artifact) bool { return a.Run != s.plan.ID })
}

// TestShadowArtifacts: what a run made is listed by its mark at every moment; the table in
// use is never offered to be dropped, whatever mark it carries, and without a mark nothing is.
func TestShadowArtifacts(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE t (id int PRIMARY KEY, n int) COMMENT 'mine'", "INSERT INTO t VALUES (1, 1)")
		s := newShadowed(h, "t", "MODIFY n bigint")
		checkpoint := checkpointTable(s.plan.ID, 0).Name + " DROP"
		want := func(when string, names ...string) {
			t.Helper()
			slices.Sort(names)
			if got := s.artifacts(); !slices.Equal(got, names) {
				t.Errorf("%s: %q, want %q", when, got, names)
			}
		}
		s.to(plans.Expand)
		want("after expand", s.alter().New+" DROP", checkpoint)
		fault.Arm("shadow.renamed=error")
		_ = s.apply(t.Context(), plans.Switch)
		fault.Arm("")
		want("in the swap", "t ALTER", checkpoint) // the old table has no mark yet
		s.to(plans.Switch)
		want("after the switch", s.alter().Old+" DROP", checkpoint)
		h.exec("CREATE TABLE " + quote(s.alter().New) + " (id int)") // somebody's own
		want("with a stranger", s.alter().Old+" DROP", checkpoint)
		if err := s.d.Server.Remove(t.Context(), s.listed()); err != nil {
			t.Fatal(err)
		}
		want("after the removal")
		names := []string{"t", s.alter().New}
		slices.Sort(names)
		if got := s.names(); !slices.Equal(got, names) {
			t.Errorf("left: %v, want %v", got, names)
		}
		h.want("SELECT table_comment FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 't'", "mine")
	})
}

// TestSentryArtifact: a sentry that a dead runner left is listed and goes.
func TestSentryArtifact(t *testing.T) {
	s := small(t)
	lease := s.takeOver()
	l := s.lock(s.pair(lease, false))
	s.kill(l.id)
	s.release(lease)
	if got := s.artifacts(); !slices.Contains(got, s.alter().Old+" DROP") {
		t.Errorf("the sentry is not listed: %q", got)
	}
	if err := s.back(); err != nil {
		t.Fatal(err)
	}
	if got := s.artifacts(); len(got) > 0 {
		t.Errorf("left after the rollback: %q", got)
	}
	s.want("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()", "t")
}
