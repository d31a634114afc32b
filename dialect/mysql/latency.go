package mysql

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/throttle"
)

// programName is how our sessions show in session_connect_attrs.
const programName = "phasemig"

// statements measures how long statements take, from performance_schema.
//
// What to measure was chosen so. Summaries by digest have every statement, but a mean
// alone, and quantiles of their whole life; up to 10,000 rows are too many four times a second. The
// histogram of all statements has 450 buckets, each 4.7 % wider than the one before, and its
// difference between two readings is the distribution of what ended between them.
// It counts our own statements, too, and a chunk is as slow as a statement gets. How many they
// were and how long they took is known exactly by session and kind of statement, and so
// many are taken out of the buckets nearest to the mean of their kind.
//
// MariaDB has no histogram: there the distribution is that of the means of each kind of
// statement (select, update, commit …), with ours subtracted exactly.
//
// Transactions are counted where the server does so, by default on MySQL; see
// throttle.Transactions for what they are for. Both see a statement when it ends.
type statements struct {
	s       *server
	buckets bool
	begun   bool
	last    map[string]total // by the bucket's upper end, or by kind
	own     map[string]total // by session and kind
	usual   usual
	ends    map[string]total // transactions, all together and by session of ours
}

// total is a count and what it adds up to.
type total struct {
	kind string
	n    int64
	took time.Duration
}

func (t total) mean() time.Duration { return t.took / time.Duration(max(t.n, 1)) }

// Latency implements dialect.Watch.
func (s *server) Latency(ctx context.Context) (dialect.Latency, error) {
	var on string
	if err := s.db.QueryRowContext(ctx, "SELECT @@performance_schema").Scan(&on); err != nil {
		return nil, fmt.Errorf("ask for performance_schema: %w", classify(err))
	}
	if on != "1" {
		return nil, dberr.Mark(dberr.NotThere, errors.New("performance_schema is off"))
	}
	m := &statements{s: s, buckets: true, usual: usual{}}
	if _, err := m.read(ctx); errors.Is(err, dberr.NotThere) {
		m.buckets = false
	}
	return m, m.counts(ctx)
}

// counts makes sure that the server counts at all: consumers and instruments can be
// switched off, and a monitor that never sees anything would hold nothing.
func (m *statements) counts(ctx context.Context) error {
	before, err := m.read(ctx)
	if err != nil {
		return err
	}
	after, err := m.read(ctx) // which counts the reading before it
	if err != nil {
		return err
	}
	if sum(after) <= sum(before) {
		return dberr.Mark(dberr.NotThere, errors.New("performance_schema doesn't count statements: its consumers or instruments are off"))
	}
	_, err = m.readOwn(ctx)
	return err
}

func sum(list map[string]total) (n int64) {
	for _, t := range list {
		n += t.n
	}
	return n
}

// What implements dialect.Latency.
func (m *statements) What() string {
	if m.buckets {
		return "transactions"
	}
	return "means by kind of statement"
}

// Took implements dialect.Latency.
func (m *statements) Took(ctx context.Context) (throttle.Ended, error) {
	all, err := m.read(ctx)
	if err != nil {
		return throttle.Ended{}, err
	}
	own, err := m.readOwn(ctx)
	if err != nil {
		return throttle.Ended{}, err
	}
	ends, err := m.readEnds(ctx)
	if err != nil {
		return throttle.Ended{}, err
	}
	ended, whole := since(m.last, all)
	ours, _ := since(m.own, own) // a session that has ended is missing
	closed, _ := since(m.ends, ends)
	begun := m.begun
	m.last, m.own, m.ends, m.begun = all, own, ends, true
	if !begun || !whole { // or somebody emptied the table
		return throttle.Ended{}, nil
	}
	out := throttle.Ended{Transactions: max(2*closed[""].n-sum(closed), 0), Each: m.buckets} // all less ours
	if m.buckets {
		out.Statements = withoutOurs(ended, m.usual.split(ours, histogram(ended)))
	} else {
		out.Statements = meansWithoutOurs(ended, ours)
	}
	return out, nil
}

// usual is how long one statement takes as a rule, by session and kind.
type usual map[string]time.Duration

// split tells long statements from the others of their kind, where the time of all is far over what they take
// as a rule: in a hiccup of the server ours are caught as the application's are, and by their mean alone they
// would be taken out of the wrong place. How many they were is what the histogram has room for.
func (u usual) split(ours map[string]total, ended throttle.Histogram) map[string]total {
	out := map[string]total{}
	for k, t := range ours {
		rule, known := u[k]
		extra := t.took - time.Duration(t.n)*rule
		if known && t.n > 1 && extra > 10*time.Millisecond && extra > 5*rule {
			if m := long(t.n, rule, extra, ended); m > 0 {
				out[k+" long"] = total{t.kind, m, rule*time.Duration(m) + extra}
				out[k] = total{t.kind, t.n - m, rule * time.Duration(t.n-m)}
				continue
			}
		} else {
			u[k] = t.mean()
		}
		out[k] = t
	}
	return out
}

// mostLong bounds what is tried: beyond it the mean is as good.
const mostLong = 20

// long is the least number of statements that could have taken the extra time together, of those that ended: there
// are as many whose time is that within a bucket's width; 0: none fits.
func long(n int64, rule, extra time.Duration, ended throttle.Histogram) int64 {
	for m := int64(1); m < min(n, mostLong); m++ {
		each, found := rule+extra/time.Duration(m), int64(0)
		for d, c := range ended {
			if d > each*95/100 && d < each*110/100 {
				found += c
			}
		}
		if found >= m {
			return m
		}
	}
	return 0
}

// since subtracts an earlier reading; whole tells that nothing has become less.
func since(before, after map[string]total) (diff map[string]total, whole bool) {
	diff, whole = map[string]total{}, true
	for k, t := range after {
		b := before[k]
		if t.n < b.n {
			whole = false
		} else if t.n > b.n {
			diff[k] = total{t.kind, t.n - b.n, t.took - b.took}
		}
	}
	return diff, whole
}

// withoutOurs takes ours out by session and kind, since each session has its own work, and the
// longest first: theirs are the places that matter.
func withoutOurs(ended, ours map[string]total) throttle.Histogram {
	h := histogram(ended)
	for _, t := range slices.SortedFunc(maps.Values(ours), func(a, b total) int { return cmp.Compare(b.mean(), a.mean()) }) {
		h.Remove(t.n, t.mean())
	}
	return h
}

// histogram has the buckets by their upper ends.
func histogram(ended map[string]total) throttle.Histogram {
	h := throttle.Histogram{}
	for upper, t := range ended {
		h[picoseconds(upper)] += t.n
	}
	return h
}

func meansWithoutOurs(ended, ours map[string]total) throttle.Histogram {
	h, own := throttle.Histogram{}, map[string]total{}
	for _, t := range ours {
		o := own[t.kind]
		own[t.kind] = total{t.kind, o.n + t.n, o.took + t.took}
	}
	for kind, t := range ended {
		t.n, t.took = t.n-own[kind].n, max(t.took-own[kind].took, 0)
		if t.n > 0 {
			h[t.mean()] += t.n
		}
	}
	return h
}

func (m *statements) read(ctx context.Context) (map[string]total, error) {
	if m.buckets {
		return m.totals(ctx, `SELECT BUCKET_TIMER_HIGH AS name, '' AS kind, COUNT_BUCKET AS n, 0 AS took
			FROM performance_schema.events_statements_histogram_global WHERE COUNT_BUCKET > 0`)
	}
	return m.totals(ctx, `SELECT EVENT_NAME AS name, EVENT_NAME AS kind, COUNT_STAR AS n, SUM_TIMER_WAIT AS took
		FROM performance_schema.events_statements_summary_global_by_event_name WHERE COUNT_STAR > 0`)
}

// readOwn reads what our sessions did, by what they call themselves.
func (m *statements) readOwn(ctx context.Context) (map[string]total, error) {
	return m.totals(ctx, `SELECT CONCAT(s.THREAD_ID, ' ', s.EVENT_NAME) AS name, s.EVENT_NAME AS kind, s.COUNT_STAR AS n, s.SUM_TIMER_WAIT AS took
		FROM performance_schema.session_connect_attrs a JOIN performance_schema.threads t ON t.PROCESSLIST_ID = a.PROCESSLIST_ID
		JOIN performance_schema.events_statements_summary_by_thread_by_event_name s ON s.THREAD_ID = t.THREAD_ID
		WHERE a.ATTR_NAME = 'program_name' AND a.ATTR_VALUE = ? AND s.COUNT_STAR > 0`, programName)
}

// readEnds has all transactions under no name, and ours by session.
func (m *statements) readEnds(ctx context.Context) (map[string]total, error) {
	return m.totals(ctx, `SELECT '' AS name, '' AS kind, COUNT_STAR AS n, 0 AS took FROM performance_schema.events_transactions_summary_global_by_event_name
		UNION ALL SELECT CONCAT(s.THREAD_ID), '', s.COUNT_STAR, 0
		FROM performance_schema.session_connect_attrs a JOIN performance_schema.threads t ON t.PROCESSLIST_ID = a.PROCESSLIST_ID
		JOIN performance_schema.events_transactions_summary_by_thread_by_event_name s ON s.THREAD_ID = t.THREAD_ID
		WHERE a.ATTR_NAME = 'program_name' AND a.ATTR_VALUE = ? AND s.COUNT_STAR > 0`, programName)
}

func (m *statements) totals(ctx context.Context, query string, args ...any) (map[string]total, error) {
	list, err := records(ctx, m.s.db, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read how long statements take: %w", err)
	}
	out := map[string]total{}
	for _, r := range list {
		out[r["name"]] = total{r["kind"], r.int("n"), picoseconds(r["took"])}
	}
	return out, nil
}

// picoseconds reads the unit of performance_schema's timers.
func picoseconds(text string) time.Duration {
	n, _ := strconv.ParseUint(text, 10, 64) // the last bucket's end is the largest number there is
	return time.Duration(min(n/1000, math.MaxInt64))
}
