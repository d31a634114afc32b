package mysql

import (
	"errors"
	"strconv"
	"testing"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/shadow"
	"github.com/phasemig/phasemig/stream"
)

func valuesOf(list ...int) stream.Row {
	var out stream.Row
	for _, n := range list {
		out = append(out, stream.Value{Form: stream.Literal, Text: []byte(strconv.Itoa(n))})
	}
	return out
}

// moved is a batch of one row whose key changes.
func moved(from, to, n int, l stream.Position) shadow.Batch {
	return shadow.Batch{L: l, Images: []shadow.Image{{Key: valuesOf(from, n)}, {Key: valuesOf(to, n), Row: valuesOf(to, n), Heir: valuesOf(from, n)}}}
}

// TestAnswerLost: the answer to a batch is lost with the connection. Applied a second time
// a changed key would take nothing along, because what stood under the old one is gone: what the old table alone
// has of the row would be lost.
func TestAnswerLost(t *testing.T) {
	each(t, func(t *testing.T, h *home) {
		h.exec("CREATE TABLE t (id int PRIMARY KEY, gone int NULL, n int NOT NULL)", "INSERT INTO t VALUES (1, 7, 1), (2, 8, 2)")
		s := newShadowed(h, "t", "DROP COLUMN gone")
		s.to(plans.Switch)
		p := s.pair(s.takeOver(), true)
		old := "SELECT id, gone, n FROM " + quote(s.alter().Old) + " ORDER BY id"
		lane := p.sessions[0]
		die := func(b shadow.Batch) error {
			t.Helper()
			s.kill(lane.id)
			return lane.answerLost(t.Context(), b, dberr.Mark(dberr.ConnLost, errors.New("lost")))
		}

		b := moved(1, 10, 1, "after the first")
		if err := lane.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := die(b); !errors.Is(err, dberr.ConnLost) {
			t.Errorf("a batch that was not applied: %v", err)
		}
		h.want(old, "1|7|1", "2|8|2")
		if err := p.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		h.want(old, "2|8|2", "10|7|1")
		if err := die(b); err != nil {
			t.Errorf("a batch that was applied: %v", err)
		}
		if err := p.Apply(t.Context(), moved(10, 11, 1, "after the second")); err != nil {
			t.Fatal(err)
		}
		h.want(old, "2|8|2", "11|7|1")
	})
}
