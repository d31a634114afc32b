package shadow

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/stream"
)

func rowOf(key string) stream.Row { return stream.Row{{Text: []byte(key)}} }

// Changes as spread makes them: a row comes, stays, goes, or takes another key.
func comes(key string) []located {
	return spread([]stream.Change{{After: rowOf(key)}}, []Place{Place(key)})
}

func goes(key string) []located {
	return spread([]stream.Change{{Before: rowOf(key)}}, []Place{Place(key)})
}

func moves(from, to string) []located {
	return spread([]stream.Change{{Before: rowOf(from), After: rowOf(to)}}, []Place{Place(from), Place(to)})
}

// heirs shows what would be applied: key=key whose columns it goes on with, "-" for none;
// keys without a row are left out.
func heirs(g *ledger) string {
	var out []string
	for _, key := range strings.Split("abcde", "") {
		e := g.lanes[0].pending[Place(key)]
		if e == nil || e.image.Row == nil {
			continue
		}
		if e.image.Heir == nil {
			out = append(out, key+"=-")
		} else {
			out = append(out, key+"="+string(e.image.Heir[0].Text))
		}
	}
	return strings.Join(out, " ")
}

// inherited is a ledger of a shadow that keeps columns of its own.
func inherited() *ledger {
	g := newLedger(1, true)
	g.chunks.whole = true
	return g
}

func TestRowsGoOnWithTheirColumns(t *testing.T) {
	for _, c := range []struct {
		name string
		did  [][]located
		want string
	}{
		{"an update of the same key", [][]located{moves("a", "a")}, "a=a"},
		{"a new key", [][]located{moves("a", "b")}, "b=a"},
		{"a chain", [][]located{moves("a", "b"), moves("b", "c"), moves("c", "c")}, "c=a"},
		{"there and back", [][]located{moves("a", "b"), moves("b", "a")}, "a=a"},
		{"two that change places", [][]located{moves("a", "c"), moves("b", "a"), moves("c", "b")}, "a=b b=a"},
		{"a new row", [][]located{comes("a")}, "a=-"},
		{"a new row that moves", [][]located{comes("a"), moves("a", "b")}, "b=-"},
		{"another row of the same key", [][]located{goes("a"), comes("a")}, "a=-"},
		{"a key that was left and taken anew", [][]located{moves("a", "b"), comes("a"), moves("a", "c")}, "b=a c=-"},
		{"a row that is gone", [][]located{moves("a", "b"), goes("b")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := inherited()
			for i, list := range c.did {
				g.end(list, uint64(i+1), 0)
			}
			if got := heirs(g); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestRowsGoOnAfterARollback: what came while a batch was on its way went on with what the
// batch would have written, and it was not written.
func TestRowsGoOnAfterARollback(t *testing.T) {
	g := inherited()
	g.end(moves("a", "b"), 1, 0)
	g.end(comes("d"), 2, 0)
	b := g.take(0)
	g.end(moves("b", "c"), 3, 0)
	g.end(moves("d", "e"), 4, 0)
	g.end(moves("e", "e"), 5, 0)
	if got := heirs(g); got != "c=b e=d" {
		t.Fatalf("beside the batch: %q", got)
	}
	g.restore(b)
	if got := heirs(g); got != "c=a e=-" {
		t.Errorf("after it was rolled back: %q", got)
	}
}

// TestABatchIsExactlyWhatStandsBeforeL: no change is read twice, or a row would go on with
// what a key has whose row has moved on already.
func TestABatchIsExactlyWhatStandsBeforeL(t *testing.T) {
	g := inherited()
	g.end(moves("a", "b"), 1, 0)
	b := g.take(0)
	if b.l != 1 {
		t.Fatalf("L is behind transaction %d, want 1", b.l)
	}
	g.end(moves("c", "d"), 2, 0)
	g.applied(b)
	turn := g.turn()
	from, err := g.beginAnew()
	if err != nil || from != 1 || g.turn() == turn {
		t.Fatalf("a new reading begins behind transaction %d (%v), want 1; same turn: %v", from, err, g.turn() == turn)
	}
	if keys, bytes := g.backlog(); keys != 0 || bytes != 0 {
		t.Errorf("%d keys of %d bytes are left that will be read again", keys, bytes)
	}
	if b := g.take(0); b.l != 1 {
		t.Errorf("with nothing read anew L is behind %d, want 1", b.l)
	}
}
