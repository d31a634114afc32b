package model

import (
	"testing"
	"time"
)

// tinyTest is a tiny world of which every execution is looked at.
type tinyTest struct {
	name  string
	world world
	kinds []kind
	long  bool // only in the long form
}

func tinyTests() []tinyTest {
	all := []kind{insertRow, deleteRow, updateRow, setValue, swapValues, handOver, insertAfterHandOver, changeKey}
	short := []kind{updateRow, handOver}
	plain, pg := sized(executed(), 2), sized(snapshot(), 2)
	branches := plain
	branches.xa = true
	return []tinyTest{
		{"executed set, one transaction of any kind", tinyWorld(plain, 1, 0), all, false},
		{"executed set, one transaction, a crash", tinyWorld(plain, 1, 1), []kind{handOver}, false},
		{"snapshot, one transaction, a crash", tinyWorld(pg, 1, 1), short, true},
		{"executed set, one XA branch or plain transaction", tinyWorld(branches, 1, 0), []kind{updateRow}, true},
		{"executed set, one transaction, two runners", tinyWorld(taken(plain, 1), 1, 0), short, true},
		{"cut-over, one transaction, a crash, a takeover, an abort", copiedWorld(cutOver(1), 1, 1), []kind{updateRow}, false},
		{"cut-over, one transaction, two crashes", copiedWorld(cutOver(1), 1, 2), []kind{updateRow}, false},
		{"cut-over, two transactions, a crash, a takeover", copiedWorld(cutOver(1), 2, 1), []kind{updateRow}, true},
		{"cut-over, one transaction, two crashes, two takeovers", copiedWorld(cutOver(2), 1, 2), []kind{updateRow}, true},
	}
}

// sized has exactly that many keys, each in a chunk of its own, and no XA.
func sized(v variant, keys int8) variant {
	v.keys, v.chunks, v.xa = keys, keys, false
	return v
}

// taken has two runners and that many takeovers.
func taken(v variant, takeovers int8) variant {
	v = twoRunners(v)
	v.takeovers = takeovers
	return v
}

// cutOver is the life of a table with one row.
func cutOver(takeovers int8) variant { return taken(sized(wholeLife(executed()), 1), takeovers) }

// TestExhaustive: no execution of a tiny world shows a violation, and from every state the run can come to its end
// without a crash and without another transaction.
func TestExhaustive(t *testing.T) {
	for _, c := range tinyTests() {
		t.Run(c.name, func(t *testing.T) {
			if c.long && !long {
				return // takes minutes
			}
			begin := time.Now()
			x := explore(c.world, c.kinds, 5_000_000)
			if f := x.finding(c.world); f != nil {
				t.Fatalf("%s\n%s", f.violation, f)
			}
			if !x.complete() {
				t.Fatalf("%d states, and not all", len(x.nodes))
			}
			if id := x.hopeless(); id >= 0 {
				t.Fatalf("no way to the end from here:\n%s", trace(c.world, x.path(id)))
			}
			t.Logf("states=%d steps=%d time=%s", len(x.nodes), x.steps, time.Since(begin).Round(time.Millisecond))
		})
	}
}

// TestExhaustiveCutOver: the variants of the cut-over that lose something do so in the tiny world, in the fewest steps.
func TestExhaustiveCutOver(t *testing.T) {
	for m, shows := range map[mutants]violation{positionLate: oldDiffers, resumeUnseen: oldDiffers, epochNotUnderLock: swappedAborted} {
		v := cutOver(1)
		v.without = m
		v.abortable = m == epochNotUnderLock
		w := copiedWorld(v, 1, 1)
		f := explore(w, []kind{updateRow}, 1_000_000).finding(w)
		if f == nil || f.violation != shows {
			t.Errorf("%b: want %q, got\n%s", m, shows, f)
			continue
		}
		t.Logf("\n%s", f)
	}
}
