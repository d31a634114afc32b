package state

import "time"

// RetiredFlag is a feature flag that a finished run has seen gone. Its key must not be used
// again: old code may still know it.
type RetiredFlag struct {
	Flag string    `json:"flag"`
	Run  string    `json:"run"`
	At   time.Time `json:"at"`
	Note string    `json:"note,omitempty"`
}
