package canary

// Decision is the verdict on a release in one word.
type Decision string

// The decisions.
const (
	Promote  Decision = "PROMOTE"  // every metric passed, or enough of them did
	Manual   Decision = "MANUAL"   // it can't be told, or a little is worse: a human decides
	Rollback Decision = "ROLLBACK" // the canary is worse
)

// Outcome is what one metric says.
type Outcome string

// The outcomes.
const (
	Pass         Outcome = "pass"         // not worse, and a worsening would have shown
	Fail         Outcome = "fail"         // worse
	Inconclusive Outcome = "inconclusive" // not known to be worse, and not known to be well
)

// Verdict is a decision with every number behind it.
type Verdict struct {
	Decision Decision `json:"verdict"`
	Reasons  []string `json:"reasons"`
	// Score is the share of the weight that passed, Best the share that hasn't failed; 0 to 100. The
	// release's true score lies between, whatever the inconclusive metrics would say.
	Score   float64  `json:"score"`
	Best    float64  `json:"best_score"`
	Metrics []Result `json:"metrics"`
	Config  Config   `json:"config"`
}

// Result is what one metric says, and why.
type Result struct {
	Metric   string  `json:"metric"`
	Group    string  `json:"group"`
	Kind     Kind    `json:"kind"`
	Critical bool    `json:"critical"`
	Weight   float64 `json:"weight"`
	Outcome  Outcome `json:"outcome"`
	Reason   string  `json:"reason"`
	// P is the chance of data like these, or worse ones, from a canary that is no worse
	// than what is accepted. Adjusted is P after correction for the number of metrics; it is what is
	// compared with alpha. Nil: not computed; Adjusted alone is nil where P counts for nothing.
	P        *float64        `json:"p,omitempty"`
	Adjusted *float64        `json:"p_adjusted,omitempty"`
	Series   *SeriesEvidence `json:"series,omitempty"`
	Counts   *CountsEvidence `json:"counts,omitempty"`
	Advice   []Advice        `json:"advice,omitempty"`
}

// SeriesEvidence are the numbers behind the result of a series.
type SeriesEvidence struct {
	Baseline SeriesSide `json:"baseline"`
	Canary   SeriesSide `json:"canary"`
	// Shift is the Hodges-Lehmann estimate of canary minus baseline, in the series' unit.
	Shift    float64   `json:"shift"`
	Interval *Interval `json:"interval,omitempty"`
	// Accepted is the tolerance in the series' unit.
	Accepted float64 `json:"accepted"`
	// Effect is Cliff's delta: P(canary > baseline) - P(canary < baseline), -1 to 1.
	Effect float64 `json:"effect"`
	U      float64 `json:"u"`
	Exact  bool    `json:"exact"` // p by counting, else by the normal approximation
	Dependence
}

// Dependence is how much the points hang together.
type Dependence struct {
	DesignEffect float64 `json:"design_effect"` // 1: not at all
	// Independent is the number of independent points that the smaller side is worth.
	Independent float64 `json:"independent"`
}

// SeriesSide is one side of a series.
type SeriesSide struct {
	Points   int     `json:"points"`
	Dropped  int     `json:"dropped,omitempty"`
	Median   float64 `json:"median"`
	Requests float64 `json:"requests,omitempty"`
}

// CountsEvidence are the numbers behind the result of a count.
type CountsEvidence struct {
	Baseline CountsSide `json:"baseline"`
	Canary   CountsSide `json:"canary"`
	// OddsRatio is the canary's odds over the baseline's; nil where it isn't a number.
	OddsRatio *float64 `json:"odds_ratio,omitempty"`
	// Expected is how many events the canary was due at the baseline's rate, the rarer of events and
	// non-events, in independent ones.
	Expected float64 `json:"expected"`
	// Upper is the rate that the canary's count rules out to be exceeded, at confidence Level.
	Upper float64 `json:"upper"`
	Level float64 `json:"level"`
	Limit float64 `json:"limit,omitempty"`
	// OverLimit is the p-value against the limit alone.
	OverLimit *float64 `json:"p_over_limit,omitempty"`
	Dependence
}

// CountsSide is one side of a count.
type CountsSide struct {
	Points int     `json:"points"`
	Events float64 `json:"events"`
	Total  float64 `json:"total"`
	Rate   float64 `json:"rate"`
}
