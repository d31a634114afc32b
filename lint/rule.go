package lint

// Kind says which part of the definition of an error a rule is about.
type Kind string

// The kinds. Lock, Rewrite and Scan are the claims about a server that are held against real ones.
const (
	Lock    Kind = "lock"    // blocks for a time that grows with the table
	Rewrite Kind = "rewrite" // blocks because the table or an index is written anew
	Scan    Kind = "scan"    // blocks because the table is read
	Client  Kind = "client"  // breaks a running client
	Fails   Kind = "fails"   // fails, or can't run
	Data    Kind = "data"    // deletes data
	Heavy   Kind = "heavy"   // online, but heavy
	Policy  Kind = "policy"  // what a team may or may not want
	Files   Kind = "files"   // about the file, not about the schema
)

// Rule is what is written about a rule: for --list, --explain, the documentation and the reports.
type Rule struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Kind     Kind     `json:"kind"`
	Summary  string   `json:"summary"` // one line
	// Why says what the server does, since which version, and what is done instead. Paragraphs are
	// separated by empty lines.
	Why string `json:"why"`
	// Bad are found by the rule, Good are not; the tests run both.
	Bad  []Example `json:"bad"`
	Good []Example `json:"good"`
}

// Example is SQL against a schema.
type Example struct {
	// Version of the server; "" is the newest that is known.
	Version string `json:"version,omitempty"`
	Schema  string `json:"schema,omitempty"`
	SQL     string `json:"sql"`
}

// NotJudged is the rule of statements that can't be read.
const NotJudged = "not-judged"

// Shared are the rules about files and not about servers. Each dialect has them.
func Shared() []Rule {
	return []Rule{
		{
			ID: NotJudged, Severity: Error, Kind: Files, Summary: "a statement can't be read, so nothing is known about it",
			Why: "What can't be read isn't safe. The rest of the file is judged.\n\nIf the server does take the statement, look at it by hand and ignore the finding with a reason.",
			Bad: []Example{{SQL: "ALTER TABLE t FROBNICATE;"}}, Good: []Example{{SQL: "SELECT 1;"}},
		},
		{
			ID: badIgnore, Severity: Error, Kind: Files, Summary: "an ignore comment without a reason, expired, or for a rule that doesn't exist",
			Why:  "An ignore is read by whoever comes next: it names the rule, says why (`reason=\"…\"`), and may end by itself (`until=2027-01-31`). One that has expired ignores nothing.",
			Bad:  []Example{{SQL: "-- phasemig:ignore not-judged\nSELECT 1;"}},
			Good: []Example{{SQL: "-- phasemig:ignore not-judged reason=\"seen by hand\"\nSELECT 1;"}},
		},
		{
			ID: unusedIgnore, Severity: Note, Kind: Files, Summary: "an ignore comment that ignores nothing",
			Why:  "It would silently hide a finding of a later edit.",
			Bad:  []Example{{SQL: "-- phasemig:ignore not-judged reason=\"seen by hand\"\nSELECT 1;"}},
			Good: []Example{{SQL: "SELECT 1;"}},
		},
		{
			ID: flagRule, Severity: Warning, Kind: Policy, Summary: "a feature flag that a migration names, without a date on which it ends",
			Why:  "The phases of a change are opened by flags. A flag that isn't taken away is one day used again for something else, and switches old code on. Name it with the migration: `-- phasemig:flag key=read_display_name expires=2027-01-31`.",
			Bad:  []Example{{SQL: "-- phasemig:flag key=read_display_name\nSELECT 1;"}, {SQL: "-- phasemig:flag key=read_display_name expires=2020-01-01\nSELECT 1;"}},
			Good: []Example{{SQL: "-- phasemig:flag key=read_display_name expires=2027-01-31\nSELECT 1;"}},
		},
	}
}

const (
	badIgnore    = "bad-ignore"
	unusedIgnore = "unused-ignore"
)
