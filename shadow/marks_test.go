package shadow

import (
	"testing"

	"github.com/phasemig/phasemig/stream"
)

func changed(at Place, v string) located {
	return located{place: at, image: Image{Key: stream.Row{{Text: []byte(at)}}, Row: stream.Row{{Text: []byte(v)}}}}
}

// held is how many keys wait for their chunks.
func held(g *ledger) int {
	n := 0
	for i := range g.lanes {
		n += len(g.lanes[i].held)
	}
	return n
}

// TestMarksForget: only a mark whose commit has returned tells that what stands before
// it in the log is seen, whichever of the two comes first.
func TestMarksForget(t *testing.T) {
	g := newLedger(1, false)
	g.add([]located{changed("a", "1")}, 1)
	g.end(nil, 1, 0)
	g.end(nil, 2, 7)
	if held(g) != 1 {
		t.Error("a mark whose commit has not returned made a change forgotten")
	}
	g.returned(6, nil)
	if held(g) != 1 {
		t.Error("the return of an older mark made it forgotten")
	}
	g.returned(7, nil)
	if held(g) != 0 {
		t.Error("the mark has returned and nothing was forgotten")
	}
	g.returned(9, nil)
	g.add([]located{changed("b", "1")}, 3)
	g.end(nil, 3, 0)
	if held(g) != 1 {
		t.Error("a change was forgotten before its mark came")
	}
	g.end(nil, 4, 8)
	if held(g) != 0 || g.kept != 0 || g.bytes != 0 {
		t.Errorf("left: %d keys, %d bytes held of %d", held(g), g.kept, g.bytes)
	}
}

// TestMarksLeaveLateOnes: the end of a two-phase commit may become visible after later
// transactions, so only its own end tells.
func TestMarksLeaveLateOnes(t *testing.T) {
	g := newLedger(1, false)
	g.add([]located{changed("a", "1"), changed("b", "1")}, 1)
	g.noteLate(stream.Txn{Seq: 1, Branch: "X'61',X'',1"})
	g.end(nil, 1, 0)
	g.add([]located{changed("b", "2")}, 2) // it waited for the row, so the first one is over
	g.end(nil, 2, 0)
	g.end(nil, 3, 1)
	g.returned(1, nil)
	if held(g) != 1 {
		t.Errorf("%d keys are held, want the one that only the late transaction changed", held(g))
	}
	g.returned(1, []uint64{1})
	if held(g) != 0 {
		t.Error("it is over and its change is still held")
	}
}

// TestMarksKeepReading: a mark lets nothing go of a chunk that has begun to read.
func TestMarksKeepReading(t *testing.T) {
	g := newLedger(1, false)
	g.add([]located{changed("a", "1")}, 1)
	g.begin(0, bounds{open: true})
	g.end(nil, 2, 1)
	g.returned(1, nil)
	if held(g) != 1 {
		t.Error("a change of a chunk that reads was forgotten")
	}
}

// TestOverflowForMark: with the memory full of changes of open chunks reading goes on
// until the mark comes that lets them go, and no further.
func TestOverflowForMark(t *testing.T) {
	g := newLedger(1, false)
	g.add([]located{changed("a", "1")}, 1)
	if g.mayOverflow(g.bytes) {
		t.Error("reading goes on with no mark to come")
	}
	g.returned(1, nil)
	if !g.mayOverflow(g.bytes) {
		t.Error("reading stops, so that the mark can't come")
	}
	g.end(nil, 1, 1)
	if g.mayOverflow(1000) {
		t.Error("reading goes on although the mark has come")
	}
}
