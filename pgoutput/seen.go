package pgoutput

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/stream"
)

// Seen tells of a transaction of the log whether a snapshot sees it: of every read that
// begins later the same is true. The text is that of pg_current_snapshot, and the rule that of
// pg_visible_in_snapshot (PostgreSQL's documentation, 9.27.8 "Transaction ID and Snapshot
// Information Functions"): transactions of the log are committed, so whatever isn't in progress in
// the snapshot is seen.
func Seen(snapshot string) (func(stream.Txn) bool, error) {
	parts := strings.Split(snapshot, ":")
	if len(parts) != 3 {
		return nil, fmt.Errorf("read the snapshot %q: want xmin:xmax:list", snapshot)
	}
	var numbers []uint64
	list := strings.FieldsFunc(parts[2], func(r rune) bool { return r == ',' })
	for _, s := range append(parts[:2:2], list...) {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read the snapshot %q: %w", snapshot, err)
		}
		numbers = append(numbers, n)
	}
	xmin, xmax := numbers[0], numbers[1]
	running := map[uint64]bool{}
	for _, n := range numbers[2:] {
		running[n] = true
	}
	return func(t stream.Txn) bool {
		if t.ID == "" {
			return true // nothing but transactions without changes
		}
		short, err := strconv.ParseUint(t.ID, 10, 32)
		if err != nil {
			return false
		}
		id := whole(uint32(short), xmax)
		return id < xmin || id < xmax && !running[id]
	}, nil
}

// whole is a transaction's number with the epoch that the log leaves out: of those that
// end alike the one next to a number of about the same age.
func whole(short uint32, near uint64) uint64 {
	return near + uint64(int64(int32(short-uint32(near))))
}
