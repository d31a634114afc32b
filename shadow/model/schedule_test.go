package model

import (
	"slices"
	"testing"
)

// schedule is an execution written by hand.
type schedule struct {
	t    *testing.T
	w    world
	from world
	path []action
}

func (s *schedule) do(a action) {
	s.t.Helper()
	if !s.w.may(a) {
		s.t.Fatalf("not possible: %s\n%s", s.w.tellAction(a), trace(s.from, s.path))
	}
	s.path = append(s.path, a)
	s.w.do(a)
}

// step does the named step of runner 0; i is a worker or 0, j a chunk.
func (s *schedule) step(name string, ij ...int8) {
	s.t.Helper()
	ij = append(ij, 0, 0)
	s.do(action{step: number(name), i: ij[0], j: ij[1]})
}

func (s *schedule) may(name string) bool { return s.w.may(action{step: number(name)}) }

func number(name string) int8 {
	return int8(slices.IndexFunc(steps, func(s step) bool { return s.name == name }))
}

// write logs a transaction and makes it visible.
func (s *schedule) write(k kind, a, b key, u value) {
	s.t.Helper()
	s.do(action{step: stepBegin, p: proposal{kind: k, a: a, b: b, u: u}})
	s.step(nameShow)
}

func (s *schedule) copyRow(worker int8) {
	s.t.Helper()
	s.step("read the chunk", worker)
	s.step("insert a row", worker)
	s.step("commit the chunk and its checkpoint", worker)
	s.step("know that the chunk is committed", worker)
}

// TestEndBeforeQuiet: E must be read after the last chunk has ended. It takes three transactions and three chunks to
// see why, which random executions don't find in a reasonable time.
func TestEndBeforeQuiet(t *testing.T) {
	for _, rule := range []mutants{0, endBeforeQuiet} {
		v := snapshot()
		v.keys, v.chunks, v.without = 3, 3, rule
		w := tinyWorld(v, 3, 0)
		w.values = maxValues
		w.commitSome(1 << 0)
		s := &schedule{t: t, w: w, from: w}

		s.write(setValue, 0, 0, 4) // 0d
		s.step("read the log")
		s.write(handOver, 0, 1, 5) // 0e 1d
		s.step("begin a chunk", 0, 1)
		s.copyRow(0) // 1d is in the shadow
		s.step("begin a chunk", 1, 2)
		s.step(nameChoose)
		s.step("apply a row")      // delete key 0
		s.step("apply a row")      // insert 0d: a duplicate. Too early to read E: chunk 2 is reading
		s.write(handOver, 0, 2, 2) // 0b 2e
		s.copyRow(1)               // 2e is in the shadow
		s.step("read the log's end E")
		s.step("read the log")
		if rule == 0 {
			if s.may(nameChoose) {
				t.Error("a batch is judged before the log is read to E")
			}
			s.step("read the log")
		}
		s.step(nameChoose)
		for range 4 {
			s.step("apply a row")
			if s.w.over() {
				break
			}
		}
		if got, want := s.w.violation == falseConflict, rule != 0; got != want {
			t.Errorf("a false conflict: %v, want %v\n%s", got, want, trace(s.from, s.path))
		}
	}
}
