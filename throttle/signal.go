package throttle

import "context"

// Signal is one measured value that may hold the work back.
type Signal struct {
	Name  string  `json:"name"` // "replica_lag", "active_sessions", "lock_waits", "dead_rows", "wal_backlog" …
	Value float64 `json:"value"`
	Limit float64 `json:"limit"` // at or under: go on; 0: only shown
	Unit  string  `json:"unit,omitempty"`
	Of    string  `json:"of,omitempty"` // which replica, which table
}

// Over reports whether the value is over its limit.
func (s Signal) Over() bool { return s.Limit > 0 && s.Value > s.Limit }

// Probe reads the server's own load. It is called about once a second.
type Probe interface {
	Signals(ctx context.Context) ([]Signal, error)
}
