package traffic

import (
	"fmt"
	"strings"
	"time"
)

// Report is what an application went through, since the start or the last Lap.
type Report struct {
	Elapsed      time.Duration
	Transactions int64 // committed
	Statements   int64
	Reads        int64
	// Retries by cause; each of them is a transaction that was rolled back and
	// that an application would try again.
	Deadlocks      int64
	Serializations int64
	LockTimeouts   int64

	Errors int64   // everything else
	First  []Error // the first of them

	P50, P99 time.Duration // of a statement
	Longest  Stall
}

// Error is an application error.
type Error struct {
	Version   Version
	Statement string
	Text      string
	At        time.Time
}

func (e Error) String() string {
	return fmt.Sprintf("%s %s version: %s\n    in %s", e.At.Format("15:04:05.000"), e.Version, e.Text, e.Statement)
}

// Stall is the slowest statement.
type Stall struct {
	Took      time.Duration
	Statement string
	At        time.Time
}

// RetryRate is the share of transactions that were rolled back by the server.
func (r Report) RetryRate() float64 {
	retries := r.Retries()
	if retries == 0 {
		return 0
	}
	return float64(retries) / float64(r.Transactions+retries)
}

// Retries counts the transactions that the server rolled back and that are tried again.
func (r Report) Retries() int64 { return r.Deadlocks + r.Serializations + r.LockTimeouts }

func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d transactions and %d reads in %s, %d deadlocks, %d serialization failures, %d lock timeouts (%.2f %%), p50 %s p99 %s longest %s (%s), %d application errors",
		r.Transactions, r.Reads, r.Elapsed.Round(time.Millisecond), r.Deadlocks, r.Serializations, r.LockTimeouts, 100*r.RetryRate(),
		r.P50.Round(10*time.Microsecond), r.P99.Round(10*time.Microsecond), r.Longest.Took.Round(time.Millisecond), r.Longest.Statement, r.Errors)
	for _, e := range r.First {
		fmt.Fprintf(&b, "\n  %s", e)
	}
	return b.String()
}

// keptErrors bounds the memory of a run in which everything fails.
const keptErrors = 20

// meter is one goroutine's account; its owner holds mu only for an instant.
type meter struct {
	report Report
	times  histogram
}

func (m *meter) reset() { *m = meter{} }

func (m *meter) statement(sql string, began time.Time) {
	took := time.Since(began)
	m.times.add(took)
	m.report.Statements++
	if took > m.report.Longest.Took {
		m.report.Longest = Stall{Took: took, Statement: sql, At: began}
	}
}

func (m *meter) fault(v Version, sql string, err error) {
	switch classify(err) {
	case deadlock:
		m.report.Deadlocks++
	case serialization:
		m.report.Serializations++
	case lockTimeout:
		m.report.LockTimeouts++
	default:
		m.report.Errors++
		if len(m.report.First) < keptErrors {
			m.report.First = append(m.report.First, Error{v, sql, err.Error(), time.Now()})
		}
	}
}

func (m *meter) merge(o *meter) {
	a, b := &m.report, &o.report
	a.Transactions += b.Transactions
	a.Statements += b.Statements
	a.Reads += b.Reads
	a.Deadlocks += b.Deadlocks
	a.Serializations += b.Serializations
	a.LockTimeouts += b.LockTimeouts
	a.Errors += b.Errors
	if room := keptErrors - len(a.First); room > 0 {
		a.First = append(a.First, b.First[:min(room, len(b.First))]...)
	}
	if b.Longest.Took > a.Longest.Took {
		a.Longest = b.Longest
	}
	m.times.merge(&o.times)
}
