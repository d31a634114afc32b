package pgoutput

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pglogrepl"

	"github.com/phasemig/phasemig/stream"
)

// TestProgress compares resumes before and after what is older was forgotten.
func TestProgress(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := newProgress(place{origin{"7", 1}, 100})
		ends, forgotten := []pglogrepl.LSN{100}, uint64(0)
		for range 40 {
			switch r.IntN(4) {
			case 0:
				forgotten = max(forgotten, r.Uint64N(uint64(len(ends)+2)))
				p.forget(forgotten)
			default:
				ends = append(ends, ends[len(ends)-1]+1+pglogrepl.LSN(r.IntN(9)))
				if seq := p.end(ends[len(ends)-1]); int(seq) != len(ends)-1 {
					t.Fatalf("transaction %d has the number %d", len(ends)-1, seq)
				}
			}
			for seq := min(forgotten, uint64(len(ends)-1)); seq < uint64(len(ends)); seq++ {
				if got, want := p.resume(seq), (place{p.origin, ends[seq]}).position(); got != want {
					t.Fatalf("seed %d: resume(%d) = %s, want %s", seed, seq, got, want)
				}
			}
			if most := ends[min(forgotten, uint64(len(ends)-1))]; p.flushed() > most {
				t.Fatalf("seed %d: flushed %s, and %s may be asked for", seed, p.flushed(), most)
			}
		}
	}
}

// TestEpochs: the log's numbers lack the upper half.
func TestEpochs(t *testing.T) {
	for _, c := range []struct {
		short uint32
		near  uint64
		want  uint64
	}{
		{5, 10, 5}, {10, 5, 10}, {5, 1<<32 + 10, 1<<32 + 5}, {math.MaxUint32, 1<<32 + 10, math.MaxUint32}, {3, 1<<32 - 2, 1<<32 + 3}, {math.MaxUint32 - 1, 5<<32 + 1, 5<<32 - 2},
	} {
		if got := whole(c.short, c.near); got != c.want {
			t.Errorf("whole(%d, %d) = %d, want %d", c.short, c.near, got, c.want)
		}
	}
	seen, err := Seen("4294967290:4294967300:4294967295,4294967297")
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"4294967289": true, "4294967290": true, "4294967295": false, "0": true, "1": false, "3": true, "4": false, "": true, "x": false} {
		if got := seen(stream.Txn{ID: id}); got != want {
			t.Errorf("%q: %t", id, got)
		}
	}
	for _, s := range []string{"", "1:2", "a:2:", "1:2:x", "1:2:3:4"} {
		if _, err := Seen(s); err == nil {
			t.Errorf("%q is read", s)
		}
	}
}

func TestLeast(t *testing.T) {
	for want, list := range map[string]string{
		"lsn:7:1:0/9":           "lsn:7:1:0/A lsn:7:1:0/9 lsn:7:1:1/0",
		"lsn:7:1:F/FFFFFFFF":    "lsn:7:1:10/0 lsn:7:1:F/FFFFFFFF",
		"":                      "lsn:7:1:0/1 lsn:7:2:0/1",
		"none of this server's": "gtid:x",
	} {
		var positions []stream.Position
		for _, p := range strings.Fields(list) {
			positions = append(positions, stream.Position(p))
		}
		got, err := Least(positions)
		if strings.HasPrefix(want, "lsn:") != (err == nil) || err == nil && string(got) != want {
			t.Errorf("%s: %s, %v", list, got, err)
		}
	}
	if _, err := Least(nil); err == nil {
		t.Error("the least of nothing")
	}
}

// TestAt: another place of the same log.
func TestAt(t *testing.T) {
	if got, err := At("lsn:7:1:0/9", "1/A0"); err != nil || got != "lsn:7:1:1/A0" {
		t.Errorf("got %s, %v", got, err)
	}
	for of, lsn := range map[stream.Position]string{"lsn:7:1:0/9": "x", "gtid:x": "1/0"} {
		if got, err := At(of, lsn); err == nil {
			t.Errorf("%s at %s: %s", of, lsn, got)
		}
	}
}

func TestLiterals(t *testing.T) {
	for in, want := range map[string]string{"": "''", "a": "'a'", "it's": "'it''s'", `a\b'`: `E'a\\b'''`, `\`: `E'\\'`} {
		got := string(appendLiteral(nil, []byte(in)))
		if got != want || len(got) > literalSize([]byte(in)) {
			t.Errorf("%q: %s, %d", in, got, literalSize([]byte(in)))
		}
	}
}

// TestIdlePlaces: a place inside a transaction isn't one to resume at.
func TestIdlePlaces(t *testing.T) {
	a := newAssembly(newProgress(place{origin{"7", 1}, 100}))
	var log []string
	drain := func() {
		for p, ok := a.next(); ok; p, ok = a.next() {
			log = append(log, fmt.Sprintf("%d:%d:%s", p.Txn.Seq, len(p.Changes), a.progress.resume(p.Txn.Seq)[len("lsn:7:1:0/"):]))
		}
	}
	a.reached(0x50) // before the beginning
	a.reached(0x70)
	a.reached(0x80)
	a.begin(&pglogrepl.BeginMessage{Xid: 5})
	a.reached(0x88)
	a.change(stream.Change{})
	a.commit(0x90)
	a.reached(0x90)
	drain()
	a.reached(0x98)
	a.release()
	drain()
	if got := strings.Join(log, " "); got != "1:0:80 2:1:90 3:0:98" {
		t.Errorf("got %s", got)
	}
}
