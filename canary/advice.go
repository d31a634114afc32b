package canary

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Way is one way out of having too few data.
type Way string

// The ways.
const (
	LongerWindow  Way = "longer_window"
	LargerShare   Way = "larger_share"
	SyntheticLoad Way = "synthetic_load"
	Approval      Way = "threshold_and_approval"
	CheckQuery    Way = "check_query"
)

// Advice is a way out with its numbers; zero: not meant.
type Advice struct {
	Way          Way     `json:"way"`
	Text         string  `json:"text"`
	MorePoints   float64 `json:"more_points,omitempty"`   // on each side
	MoreRequests float64 `json:"more_requests,omitempty"` // on the canary
	Share        float64 `json:"share,omitempty"`         // of the traffic to the canary, 0 to 1
	Factor       float64 `json:"window_factor,omitempty"` // how many times as long as now
}

// mostStretch is how many times as long a window may become before that is no
// advice any more. mostShare is where a canary ends being one.
const (
	mostStretch = 5
	mostShare   = 0.5
)

var noTraffic = Advice{Way: CheckQuery, Text: "see that the query finds both sides; if the canary has no traffic, send it some: a larger share, or synthetic load"}

// morePoints is for a series that needs more of them. A larger share of traffic makes no more
// points.
func morePoints(have, need, step float64) []Advice {
	factor := need / have
	if factor <= mostStretch {
		text := fmt.Sprintf("%s more points on each side would do (%s in all)%s", short(need-have), short(need), lasting((need-have)*step))
		return []Advice{{Way: LongerWindow, Text: text, MorePoints: need - have, Factor: rounded(factor)}}
	}
	return []Advice{{Way: Approval, MorePoints: need - have, Factor: rounded(factor),
		Text: fmt.Sprintf("it would take %s points in all, %s times the window: count the requests over a threshold instead (kind counts with a limit), or approve by hand", short(need), short(rounded(factor)))}}
}

// moreRequests is for a count that needs more of them on the canary. Window is in
// seconds, 0 if not known.
func moreRequests(have, need, share, window float64) []Advice {
	more, factor := need-have, need/have
	var out []Advice
	if s := factor * share; share > 0 && s <= mostShare {
		out = append(out, Advice{Way: LargerShare, Share: rounded(s), MoreRequests: more,
			Text: fmt.Sprintf("a share of %s of the traffic in place of %s gives the %s requests that are needed in the same time", percent(rounded(s)), percent(rounded(share)), short(need))})
	}
	if factor <= mostStretch {
		out = append(out, Advice{Way: LongerWindow, Factor: rounded(factor), MoreRequests: more,
			Text: fmt.Sprintf("%s more requests would do (%s in all): a window %s times as long%s", short(more), short(need), short(rounded(factor)), lasting((factor-1)*window))})
	}
	if len(out) == 0 {
		out = append(out, Advice{Way: SyntheticLoad, MoreRequests: more, Text: fmt.Sprintf("%s more requests are needed (%s in all): send them as synthetic load", short(more), short(need))})
	}
	return out
}

// acceptBound is the way by a threshold and a human's yes.
func acceptBound(d Direction, e *CountsEvidence) []Advice {
	if d != Increase {
		return []Advice{{Way: Approval, Text: "look at both rates, and approve by hand"}}
	}
	return []Advice{{Way: Approval, Text: fmt.Sprintf("%s of %s rule out a rate above %s at %s %% confidence: if that is good enough, say so by a limit, or approve by hand",
		short(e.Canary.Events), short(e.Canary.Total), percent(e.Upper), short(100*e.Level))}}
}

// rounded has two digits, upwards: what is advised must do.
func rounded(f float64) float64 {
	if f <= 0 {
		return 0
	}
	scale := math.Pow(10, math.Floor(math.Log10(f))-1)
	return math.Ceil(f/scale-1e-9) * scale
}

func lasting(seconds float64) string {
	if seconds <= 0 || seconds > 1e9 {
		return ""
	}
	s := (time.Duration(math.Ceil(seconds)) * time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	return ", about " + s + " more"
}
