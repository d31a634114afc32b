package binlog

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/phasemig/phasemig/stream"
)

const some = "0099038d-e920-11f1-9108-02fc00000001"

// Whatever the order in which branches are prepared and ended, a resume reads every
// branch from its beginning that was not ended at the transaction, and hands on nothing that was. A
// branch that ended between the two is the one that is forgotten easily.
func TestResumeReadsWholeBranches(t *testing.T) {
	for seed := range uint64(300) {
		m := newBranchModel(t, seed)
		for range 60 {
			m.step()
			m.check()
		}
	}
}

type branchModel struct {
	t      *testing.T
	r      *rand.Rand
	p      *progress
	a      *assembly
	number uint64
	open   map[xid]uint64    // prepared at
	oldest map[uint64]uint64 // at a transaction: the oldest open branch's group, 0 none
	ends   map[uint64]uint64 // transaction → its group
	last   uint64
}

func newBranchModel(t *testing.T, seed uint64) *branchModel {
	base, err := parsePosition("gtid:"+some+":1-100", false)
	if err != nil {
		t.Fatal(err)
	}
	p := newProgress(base, nil)
	return &branchModel{t: t, r: rand.New(rand.NewPCG(seed, 1)), p: p, a: newAssembly(p, 1<<30), number: 100,
		open: map[xid]uint64{}, oldest: map[uint64]uint64{}, ends: map[uint64]uint64{}}
}

func (m *branchModel) step() {
	m.number++
	if err := m.a.begin(begun{source: uuid.MustParse(some), number: m.number}); err != nil {
		m.t.Fatal(err)
	}
	switch n := m.r.IntN(3); {
	case n == 0:
		m.prepare()
	case n == 1 && len(m.open) > 0:
		m.end()
	default:
		m.a.enter()
		m.some()
		m.a.finish(file{})
	}
	var open []uint64
	for _, at := range m.open {
		open = append(open, at)
	}
	slices.Sort(open)
	m.oldest[m.number] = append(open, 0)[0]
	if m.r.IntN(3) == 0 {
		m.a.release()
	}
	for piece, ok := m.a.next(); ok; piece, ok = m.a.next() {
		var group uint64
		if _, err := fmt.Sscanf(piece.Txn.ID, some+":%d", &group); err != nil {
			m.t.Fatal(err)
		}
		m.last = piece.Txn.Seq
		m.ends[m.last] = group
	}
	if m.last > 0 && m.r.IntN(5) == 0 {
		m.p.forget(1 + m.r.Uint64N(m.last))
	}
}

func (m *branchModel) some() {
	if m.r.IntN(2) == 0 {
		if err := m.a.change(stream.Change{}, 1); err != nil {
			m.t.Fatal(err)
		}
	}
}

func (m *branchModel) prepare() {
	m.a.enter()
	m.a.keep()
	m.some()
	x := xid{1, fmt.Sprint(m.number), ""}
	m.open[x] = m.number
	if err := m.a.prepared(x, file{}); err != nil {
		m.t.Fatal(err)
	}
}

func (m *branchModel) end() {
	list := slices.SortedFunc(maps.Keys(m.open), func(a, b xid) int { return int(m.open[a]) - int(m.open[b]) })
	x := list[m.r.IntN(len(list))]
	delete(m.open, x)
	m.a.settle(x, m.r.IntN(3) > 0, file{})
}

func (m *branchModel) check() {
	for seq := m.p.first; seq <= m.last; seq++ {
		a, b := parts(m.p.resume(seq))
		var from, dealt uint64
		if _, err := fmt.Sscanf(string(a)+" "+string(b), "gtid:"+some+":1-%d gtid:"+some+":1-%d", &from, &dealt); err != nil {
			m.t.Fatal(err)
		}
		if dealt != m.ends[seq] {
			m.t.Fatalf("a resume behind group %d has dealt with %d", m.ends[seq], dealt)
		}
		if open := m.oldest[dealt]; open != 0 && from >= open {
			m.t.Fatalf("a resume behind group %d reads from %d on, and a branch is open that was prepared in %d", dealt, from, open)
		}
	}
}
