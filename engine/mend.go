package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/backfill"
	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/throttle"
)

// cutMark begins the note of a step that a crash cut in two. It is journaled
// before anything is mended, because a mended catalog doesn't show any more that
// rows are still to be looked at.
const cutMark = "cut in two by a crash"

func isCut(note string) bool { return strings.HasPrefix(note, cutMark) }

// heal brings a table back in step that a crash left in the middle of an exchange
// of names. Where DDL is not transactional the table then has no triggers. They
// come back first, on whichever side of the exchange the table is, and only then are the two
// sides made equal, by the side that the application wrote meanwhile: going on
// with the exchange first would show the application the side that was not written.
func (s *session) heal(ctx context.Context, st plans.Step) (outcome, error) {
	if st.Kind != plans.Swap && st.Kind != plans.Hide {
		return outcome{}, nil
	}
	cut, err := s.markCut(ctx, st)
	if err != nil || !cut {
		return outcome{}, err
	}
	w, err := s.e.work(ctx, s.plan, st.Sync)
	if err != nil {
		return outcome{}, err
	}
	moved := w.Swapped || w.Hidden
	want, run := dialect.NotStarted, s.e.db.Steps.Undo
	if moved {
		want, run = dialect.Done, s.e.db.Steps.Do
	}
	if err := s.until(ctx, st, want, func() error { return run(ctx, s.plan, st, s.env(st)) }); err != nil {
		return outcome{}, err
	}
	// In contract only new code is left. Around a swap everybody writes the
	// column that carries the name: the old one until the names are exchanged.
	out, err := s.mend(ctx, st, moved || st.Kind == plans.Hide)
	if err != nil {
		return out, err
	}
	rec := s.records[st.ID]
	rec.Note = ""
	return out, s.put(ctx, rec)
}

// markCut reports whether the step is to be mended, and journals it.
func (s *session) markCut(ctx context.Context, st plans.Step) (bool, error) {
	rec := s.records[st.ID]
	if isCut(rec.Note) {
		return true, nil
	}
	seen, said, err := s.observe(ctx, st)
	if err != nil || seen != dialect.Partial {
		return false, err
	}
	rec.Note = cutMark + ": " + said
	return true, s.put(ctx, rec)
}

func (s *session) mend(ctx context.Context, st plans.Step, newWins bool) (outcome, error) {
	n, keys, err := s.resync(ctx, st, newWins)
	if err != nil {
		return outcome{}, err
	}
	note := fmt.Sprintf("a crash had cut this step in two; %d rows written meanwhile were brought in step", n)
	if n > 0 {
		note += ", the first: " + strings.Join(keys, ", ")
	}
	if err := s.evidence(ctx, s.phaseOf(st), "mended", "done", note, nil); err != nil {
		return outcome{}, err
	}
	got, err := s.compare(ctx, st.Sync, st.ID, new(throttle.Pacer))
	if err != nil {
		return outcome{}, err
	}
	return outcome{n, note}, got.err()
}

func (s *session) resync(ctx context.Context, st plans.Step, newWins bool) (int64, []string, error) {
	c, err := s.columns(ctx, st.Sync, 1)
	if err != nil {
		return 0, nil, err
	}
	defer c.Close()
	n, keys, err := c.Resync(ctx, newWins)
	if err == nil {
		err = s.refill(ctx, c)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("make both sides equal after the crash: %w", err)
	}
	return n, keys, nil
}

// refill gives the new side a value where it has none and the mapping makes one of
// nothing: the triggers would have filled it.
func (s *session) refill(ctx context.Context, c dialect.Columns) error {
	for low := ""; ; {
		keys, err := c.Missing(ctx, backfill.Chunk{Low: low}, 100)
		if err != nil || len(keys) == 0 {
			return err
		}
		for _, k := range keys {
			if _, err := c.FillOne(ctx, k, time.Second); err != nil {
				return err
			}
			low = k
		}
	}
}
