package shadow

import (
	"context"
	"errors"
	"testing"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/stream"
)

// brokenLog is a log whose connection is lost after each transaction. It counts
// where readings began.
type brokenLog struct {
	Table
	began []stream.Position
}

func (b *brokenLog) Open(_ context.Context, from stream.Position) (stream.Source, error) {
	b.began = append(b.began, from)
	return &oneTxn{from: from, left: 3}, nil
}

func (b *brokenLog) MarkOf(stream.Change) (uint64, bool) { return 0, false }

// oneTxn hands on some transactions and is lost. Its positions count letters.
type oneTxn struct {
	from stream.Position
	left int
	seq  uint64
}

func (o *oneTxn) Next(context.Context) (stream.Piece, error) {
	if o.left--; o.left < 0 {
		return stream.Piece{}, dberr.Mark(dberr.ConnLost, errors.New("lost"))
	}
	o.seq++
	return stream.Piece{End: true, Txn: stream.Txn{Seq: o.seq}}, nil
}

func (o *oneTxn) Resume(seq uint64) stream.Position {
	if seq > o.seq {
		return "beyond what was read"
	}
	return o.from + stream.Position(make([]byte, seq))
}

func (o *oneTxn) Forget(uint64) {}
func (o *oneTxn) Close() error  { return nil }

// TestReadingAnewBeginsBeforeWhatNobodyStored: a lane that has stored nothing since an
// earlier loss must not make the next reading begin behind changes that it still owes.
func TestReadingAnewBeginsBeforeWhatNobodyStored(t *testing.T) {
	b := &brokenLog{}
	p := &Pair{table: b, o: Options{Memory: 1 << 20, Note: func(string) {}}, ledger: newLedger(2, false)}
	p.follow = &follower{p: p, from: "start"}
	for range 4 {
		if err := p.follow.read(t.Context()); !dberr.Temporary(err) {
			t.Fatal(err)
		}
	}
	for i, at := range b.began {
		if at != "start" {
			t.Errorf("reading %d began at %q, and nothing is stored", i+1, at)
		}
	}
}
