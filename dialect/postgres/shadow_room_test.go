package postgres

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// TestRoomForCopies: a run takes a slot for each of its copies and one more, of which a server has so many as it was started with.
func TestRoomForCopies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if !k.IsPostgres() {
			return
		}
		d, err := Open(t.Context(), dbtest.Database(t, k))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		s := d.Server.(*server)
		for _, n := range []int{0, 1} {
			if r, err := s.roomFor(t.Context(), n); r != nil || err != nil {
				t.Errorf("%d copies: %+v, %v", n, r, err)
			}
		}
		r, err := s.roomFor(t.Context(), 500)
		if err != nil || r == nil {
			t.Fatalf("500 copies: %+v, %v", r, err)
		}
		if r.Copies < 1 || r.Copies > 19 || !strings.Contains(r.Because, "replication slots") || !strings.Contains(r.Hint, "501 more") {
			t.Errorf("500 copies: %+v", r)
		}
	})
}
