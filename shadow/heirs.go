package shadow

// Where the shadow has columns of its own (those that an ALTER dropped, once the tables
// have changed places), a row goes on with what it has there whatever becomes of its key. So
// each image knows under which key the shadow has the row as of the last batch: through all
// changes of the key since. That holds only if no change is applied twice: there is one
// lane, a batch is everything up to the end of a transaction, L stands exactly behind it, and
// a new reading begins exactly there.

// inherit finds out with whose columns a changed row goes on, before the change is
// entered.
func (g *ledger) inherit(l *lane, c *located) Place {
	if !g.heirs || c.image.Row == nil || c.from == "" {
		c.image.Heir = nil
		return ""
	}
	if e := l.pending[c.from]; e != nil {
		c.image.Heir = e.image.Heir
		return e.from
	}
	return c.from
}

// disinherit makes the rows changed since a batch was taken go on with what the rows
// of that batch went on with, because it was rolled back.
func (l *lane) disinherit(b *batch) {
	was := make(map[Place]*entry, len(b.entries))
	for _, e := range b.entries {
		was[e.place] = e
	}
	for _, e := range l.pending {
		if o := was[e.from]; o != nil && e.from != "" {
			e.from, e.image.Heir = o.from, o.image.Heir
		}
	}
}

// beginAnew is the transaction from which on the log must be read anew. Where rows have
// heirs that is exactly behind the last batch, and what is pending is forgotten, because it
// will come once more.
func (g *ledger) beginAnew() (uint64, error) {
	if !g.heirs {
		return g.forgettable(), nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	l := &g.lanes[0]
	if err := g.await(func() bool { return l.busy == nil }); err != nil {
		return 0, err
	}
	for p, e := range l.pending {
		delete(l.pending, p)
		g.bytes -= e.bytes
	}
	g.ended = l.stored
	g.turns++
	return l.stored, nil
}
