package model

import (
	"fmt"
	"strings"
)

// trace replays a path and tells it line by line: what was done, and after the arrow what it changed.
func trace(w world, path []action) string {
	var b strings.Builder
	fmt.Fprintf(&b, "     %s\n", w.tellStart())
	for n, a := range path {
		before := w
		w.do(a)
		fmt.Fprintf(&b, "%3d. %s%s\n", n+1, before.tellAction(a), before.tellEffect(&w))
	}
	fmt.Fprintf(&b, "     %s\n", w.violation)
	fmt.Fprintf(&b, "     old relation: %s   new relation: %s\n", w.tellTable(oldRelation), w.tellTable(newRelation))
	return b.String()
}

func (w *world) tellStart() string {
	var chunks []string
	for c := range w.chunks {
		var keys []string
		for k := range w.keys {
			if w.chunkOf[k] == c {
				keys = append(keys, fmt.Sprint(k))
			}
		}
		chunks = append(chunks, fmt.Sprintf("chunk %d: keys %s", c, strings.Join(keys, " ")))
	}
	return fmt.Sprintf("%s; rows %s; %s; memory limit %d", w.v.name, w.tellTable(oldRelation), strings.Join(chunks, ", "), w.limit)
}

// tellRow writes key 0 with value a as 0a, as 0a2 when transaction T2 wrote it.
func tellRow(k key, x row) string {
	if !x.exists() {
		return fmt.Sprintf("%d deleted", k)
	}
	s := fmt.Sprintf("%d%c", k, 'a'+rune(x.u)-1)
	if x.payload > 0 {
		s += fmt.Sprint(x.payload)
	}
	return s
}

func (w *world) tellTable(relation int8) string {
	var rows []string
	for k := range w.keys {
		if x := w.tables[relation][k]; x.exists() {
			rows = append(rows, tellRow(k, x))
		}
	}
	if rows == nil {
		return "(none)"
	}
	return strings.Join(rows, " ")
}

func tellTxn(n int8) string { return fmt.Sprintf("T%d", n+1) }

func (w *world) tellAction(a action) string {
	s := &steps[a.step]
	if a.step == stepBegin {
		return "writer: " + w.tellProposal(a.p)
	}
	if s.over[0] != perRunner {
		return "server: " + s.name + w.tellServer(a)
	}
	who := fmt.Sprintf("runner %d", a.r)
	what := s.name
	for d, v := range []int8{a.i, a.j} {
		switch s.over[d+1] {
		case perWorker:
			who += fmt.Sprintf(" worker %d", v)
			what += w.tellWorker(a.r, v)
		case perLane:
			if w.v.lanes > 1 {
				who += fmt.Sprintf(" lane %d", v)
			}
			what += w.tellLane(s.name, a.r, v)
		case perChunk:
			what += fmt.Sprintf(": chunk %d", v)
		}
	}
	return who + ": " + what
}

func (w *world) tellProposal(p proposal) string {
	x := w.build(p, w.nTxns+1)
	var rows []string
	for _, e := range x.events[:x.n] {
		rows = append(rows, tellRow(e.key, e.row))
	}
	how := "logged"
	if p.xa {
		how = "XA, prepared"
	}
	return fmt.Sprintf("%s %s (%s), %s at %d", tellTxn(w.nTxns), kindNames[p.kind], strings.Join(rows, ", "), how, w.end+1)
}

func (w *world) tellServer(a action) string {
	switch steps[a.step].name {
	case nameEndBranch:
		return fmt.Sprintf(": %s %s at %d", tellTxn(a.i), []string{"COMMIT", "ROLLBACK"}[a.j], w.end+1)
	case nameShow:
		return ": " + tellTxn(w.ending[a.i])
	case nameExecute:
		after := *w
		after.execute(a.i)
		for p := position(1); p <= w.end; p++ {
			if (after.executed^w.executed)&(1<<p) != 0 {
				return fmt.Sprintf(": entry %d of %s", p, tellTxn(w.log[p].txn))
			}
		}
	}
	return ""
}

// tellWorker adds the row that a worker is about to insert, or the rows that it is about to read.
func (w *world) tellWorker(r, i int8) string {
	x := &w.runners[r].workers[i]
	switch x.state {
	case begun:
		var rows []string
		for k := range w.keys {
			if w.chunkOf[k] == x.chunk && w.tables[oldRelation][k].exists() {
				rows = append(rows, tellRow(k, w.tables[oldRelation][k]))
			}
		}
		return fmt.Sprintf(": chunk %d, rows %s", x.chunk, strings.Join(rows, " "))
	case copying:
		if k, ok := w.nextRow(x); ok {
			return ": " + tellRow(k, x.snapshot[k])
		}
	}
	if x.state == idle {
		return ""
	}
	return fmt.Sprintf(": chunk %d", x.chunk)
}

// tellLane adds the statement that a lane is about to execute.
func (w *world) tellLane(step string, r, n int8) string {
	x := &w.runners[r]
	switch {
	case step == nameChoose:
		return fmt.Sprintf(", P=%d", x.read)
	case step == nameFinish:
		return fmt.Sprintf("=%d", x.lanes[n].L)
	}
	q := w.next(x, n)
	switch {
	case q == nil:
		return ""
	case q.stage == chosen:
		return fmt.Sprintf(": delete key %d", q.key)
	case !q.row.exists():
		return fmt.Sprintf(": key %d stays deleted", q.key)
	}
	return ": insert " + tellRow(q.key, q.row)
}

// tellEffect tells what differs after a step.
func (w *world) tellEffect(after *world) string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for rel, name := range []string{"old relation", "new relation"} {
		if w.tables[rel] != after.tables[rel] {
			say("%s: %s", name, after.tellTable(int8(rel)))
		}
	}
	if w.named != after.named {
		say("the names are swapped")
	}
	for i := range w.v.runners {
		w.runners[i].tellEffect(w, &after.runners[i], i, say)
	}
	if w.store.epoch != after.store.epoch {
		say("epoch %d", after.store.epoch)
	}
	if w.store.L[oldRelation] != after.store.L[oldRelation] {
		say("L=%v", after.store.L[oldRelation][:w.v.lanes])
	}
	if w.store.L[newRelation] != after.store.L[newRelation] {
		say("reverse L=%v", after.store.L[newRelation][:w.v.lanes])
	}
	if !w.lock.void && after.lock.void {
		say("the lock is gone")
	}
	if out == nil {
		return ""
	}
	return "  → " + strings.Join(out, "; ")
}

func (r *runner) tellEffect(w *world, after *runner, i int8, say func(string, ...any)) {
	who := fmt.Sprintf("runner %d", i)
	switch {
	case r.alive() && !after.alive():
		say("%s is gone", who)
		return
	case after.phase != r.phase:
		say("%s %s", who, []string{"", "starts", "streams from " + fmt.Sprint(after.read), "is about to abort", "drops the shadow", "has dropped the shadow"}[after.phase])
		return
	}
	if after.read != r.read {
		e := w.log[after.read]
		say("entry %d: %s %s", after.read, tellTxn(e.txn), []string{"ends", "is prepared", "commits", "rolls back"}[e.kind])
	}
	for c := range w.chunks {
		if r.chunks[c] != after.chunks[c] {
			say("chunk %d is %s", c, []string{"open", "reading", "committed"}[after.chunks[c]])
		}
	}
	if q := after.tellQueue(w); q != r.tellQueue(w) {
		say("%s", q)
	}
	if r.judge != after.judge {
		say("%s", []string{"copying may go on", "a duplicate: no chunk starts, wait until none is reading", fmt.Sprintf("E=%d", after.E), "a duplicate after E"}[after.judge])
	}
	if r.marker != after.marker {
		say("marker %d", after.marker)
	}
	if r.start != after.start && after.start != 0 {
		say("position %d", after.start-1)
	}
}

// tellQueue lists what is held and pending; what is in a batch isn't listed.
func (r *runner) tellQueue(w *world) string {
	var held, pending []string
	for i := range r.queue[:r.n] {
		q := &r.queue[i]
		if q.stage != waiting {
			continue
		}
		s := fmt.Sprintf("%s@%d", tellRow(q.key, q.row), q.at)
		if w.stateOf(r, q.key) == committed {
			pending = append(pending, s)
		} else {
			held = append(held, s)
		}
	}
	return fmt.Sprintf("held [%s] pending [%s]", strings.Join(held, ", "), strings.Join(pending, ", "))
}
