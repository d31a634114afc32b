package mysql

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Speeds for estimates, in rows and bytes a second, as measured on two cores.
const (
	backfillRate = 60_000
	verifyRate   = 400_000
	rebuildRate  = 60 << 20
)

// Render implements plans.Rules.
func (rules) Render(_ *plans.Facts, t *schema.Table, s *plans.Sync, planID string, st *plans.Step) (bool, error) {
	switch st.Kind {
	case plans.Backfill:
		return true, renderBackfill(t, s, st)
	case plans.Verify:
		return true, renderVerify(t, s, st)
	}
	x, err := readExtra(s)
	if err != nil || !needed(s, x, st) {
		return false, err
	}
	r, err := cook(s, planID, *st)
	if err != nil {
		return false, err
	}
	st.Mode = plans.Each
	if r.anyLocked() {
		st.Mode = plans.Locked
	}
	st.SQL, st.Undo = text(r.do, s), text(r.undo, s)
	st.Lock, st.Rewrites, st.Scans, st.Because = r.lock, r.rewrites, r.scans, r.because
	if r.rewrites || r.scans {
		took := float64(t.Bytes) / rebuildRate
		st.Estimate = plans.Estimate{Rows: t.Rows, Bytes: t.Bytes, Seconds: took, DiskBytes: t.Bytes, ReplaySeconds: took}
		if !r.rewrites && st.Twin != nil {
			st.Estimate.DiskBytes = plans.Share(t, len(st.Twin.Columns))
		}
	}
	return true, nil
}

func needed(s *plans.Sync, x extra, st *plans.Step) bool {
	switch st.Kind {
	case plans.Relax:
		return x.Relaxed != ""
	case plans.Hide:
		return !s.Swap
	case plans.AdoptNames:
		for _, w := range s.Twins {
			if w.Final != "" && w.Final != w.Name {
				return true
			}
		}
		return false
	}
	return true
}

func (r recipe) anyLocked() bool {
	for _, g := range r.do {
		if g.locked {
			return true
		}
	}
	return false
}

// text writes the statements of stages as the plan shows them. The sentence in a
// comment is a check that the runner makes, see steps.go.
func text(stages []stage, s *plans.Sync) []string {
	var out []string
	for _, g := range stages {
		if g.session != "" {
			out = append(out, g.session)
		}
		if g.locked {
			out = append(out, lockTables(s.Table), "/* the lease is checked under the lock */ SELECT epoch, token FROM "+quote(stateSchema)+".lease_epoch WHERE scope = "+quoteText(s.Table.String()))
		}
		for _, a := range g.acts {
			out = append(out, a.sql)
			if a.instead != "" && a.instead != a.sql {
				out = append(out, "/* only if the server refuses the statement before */ "+a.instead)
			}
		}
		if g.locked {
			out = append(out, "UNLOCK TABLES")
		}
	}
	return out
}

// endSoon bounds how long a halted runner's locks stay.
var endSoon = fmt.Sprintf("SET SESSION wait_timeout = %d", lockedSeconds)

func lockTables(t schema.Ident) string {
	return "LOCK TABLES " + quoteTable(t) + " WRITE, " + quote(stateSchema) + ".lease_epoch READ"
}

func renderBackfill(t *schema.Table, s *plans.Sync, st *plans.Step) error {
	b, err := newRows(layoutOf(s))
	if err != nil {
		return err
	}
	st.Mode = plans.Batches
	st.SQL = []string{b.fill("… one range of keys …")}
	st.Lock = plans.Lock{Level: "rows of one batch, those that nobody else has locked"}
	st.Estimate = plans.Estimate{Rows: t.Rows, Bytes: t.Bytes, Seconds: float64(t.Rows) / backfillRate, DiskBytes: plans.Share(t, len(s.New)), ReplayRows: t.Rows}
	st.Scans = true
	st.Because = "the new side is filled in short transactions that skip locked rows and come back to them; the old column's bytes are not touched"
	if len(b.x.OnUpdate) > 0 {
		st.Because += "; " + strings.Join(b.x.OnUpdate, ", ") + " is set to itself, so that it doesn't move"
	}
	st.Undo = []string{"/* nothing: the new columns are dropped */"}
	return nil
}

func renderVerify(t *schema.Table, s *plans.Sync, st *plans.Step) error {
	b, err := newRows(layoutOf(s))
	if err != nil {
		return err
	}
	st.Mode = plans.ReadOnly
	st.SQL = []string{b.compare("… one range of keys …")}
	st.Estimate = plans.Estimate{Rows: t.Rows, Bytes: t.Bytes, Seconds: float64(t.Rows) / verifyRate}
	st.Scans = true
	st.Because = "every row is read and both sides are compared by their bytes, not by the collation"
	return nil
}

func layoutOf(s *plans.Sync) (layout, error) {
	x, err := readExtra(s)
	if err != nil {
		return layout{}, fmt.Errorf("render: %w", err)
	}
	return layout{s, x, false}, nil
}
