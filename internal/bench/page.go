package bench

import (
	"fmt"
	"slices"
	"strings"
)

// Report is everything that was measured in one call, as it is stored.
type Report struct {
	Date     string         `json:"date"`
	Machine  string         `json:"machine"`
	Backfill []Result       `json:"backfill,omitempty"`
	Shadow   []ShadowResult `json:"shadow,omitempty"`
	Repack   []RepackResult `json:"repack,omitempty"`
	Serve    []ServeResult  `json:"serve,omitempty"`
}

// Add takes over what another call measured, in place of what is there of the same.
func (r *Report) Add(o Report) {
	r.Date, r.Machine = o.Date, o.Machine
	r.Backfill = put(r.Backfill, o.Backfill, func(x Result) string { return x.Server + x.Change })
	r.Shadow = put(r.Shadow, o.Shadow, func(x ShadowResult) string { return fmt.Sprint(x.Server, x.Rows) })
	r.Repack = put(r.Repack, o.Repack, func(x RepackResult) string { return x.Server })
	r.Serve = put(r.Serve, o.Serve, func(x ServeResult) string { return x.Server })
}

func put[T any](list, more []T, key func(T) string) []T {
	for _, x := range more {
		list = slices.DeleteFunc(list, func(y T) bool { return key(x) == key(y) })
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	return list
}

// Page is the report in Markdown.
func (r Report) Page() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Benchmarks

Made by `+"`make bench`"+` from what it measured last, %s, on %s. Times are medians of alternating rounds in one run; a ratio is the
median of the rounds' own ratios. Machines are noisy: only ratios of one run are worth comparing.

`, r.Date, r.Machine)
	r.shadows(&b)
	r.loads(&b)
	r.repacks(&b)
	r.backfills(&b)
	r.serves(&b)
	b.WriteString(again)
	return b.String()
}

func (r Report) shadows(b *strings.Builder) {
	if len(r.Shadow) == 0 {
		return
	}
	b.WriteString("## A table copied: `MODIFY k BIGINT` on the table of sysbench\n\nphasemig's time is everything: plan, copy, comparison of every row, cut-over. The server's own `ALGORITHM=COPY` blocks every write meanwhile and compares nothing;\nof the other tools only spirit compares.\n\n" +
		"| server | rows | rounds | native COPY | phasemig | over native (promised ≤ 1.35) | copy alone (≤ 1.1) | rows/s | client's peak | client's CPU a million rows |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, x := range r.Shadow {
		fmt.Fprintf(b, "| %s | %d | %d | %.2f s | %.2f s | **%.2f** | %.2f | %.0f | %.0f MB | %.2f s |\n", x.Server, x.Rows, x.Rounds, median(x.Native), median(x.Shadow), x.Ratio, x.RatioCopy, x.RowsPerS, x.PeakMB, x.CPU)
	}
	b.WriteString("\n| server | rows | other tool | version | its time | phasemig over it |\n|---|--:|---|---|--:|--:|\n")
	for _, x := range r.Shadow {
		for _, p := range x.Peers {
			took, ratio := fmt.Sprintf("%.2f s", median(p.Took)), fmt.Sprintf("**%.2f**", p.Ratio)
			if p.Failed != "" {
				took, ratio = "failed: "+strings.ReplaceAll(p.Failed, "|", "/"), ""
			}
			fmt.Fprintf(b, "| %s | %d | %s | %s | %s | %s |\n", x.Server, x.Rows, p.Name, p.Version, took, ratio)
		}
	}
	b.WriteString("\n")
}

func (r Report) loads(b *strings.Builder) {
	list := r.loaded()
	if len(list) == 0 {
		return
	}
	b.WriteString("## The same under writers that write as fast as the server lets them\n\n| server | rows | writers | phasemig | over idle (≤ 2 and 10 s) | application's p99 alone → meanwhile | its transactions/s | its errors | longest transaction at ten cut-overs, median (≤ 200 ms) |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, x := range list {
		l := x.Load
		fmt.Fprintf(b, "| %s | %d | %d | %.1f s | **%.2f** | %.1f → %.1f ms | %.0f → %.0f | %d | **%.0f ms** |\n", x.Server, x.Rows, l.Writers, l.Took, l.OverIdle, l.P99Alone, l.P99, l.TPSAlone, l.TPS, l.Errors, median(l.Stalls))
	}
	b.WriteString("\nWith `--max-latency` at twice the p99 that the application's transactions have alone:\n\n| server | rows | limit | p99 of its transactions | phasemig | over idle (≤ 10) |\n|---|--:|--:|--:|--:|--:|\n")
	for _, x := range list {
		if l := x.Load.Limited; l != nil {
			fmt.Fprintf(b, "| %s | %d | %.1f ms | **%.1f ms** | %.1f s | %.1f |\n", x.Server, x.Rows, l.Limit, l.P99, l.Took, l.OverIdle)
		}
	}
	b.WriteString("\n")
}

// loaded are the measurements under load: of sysbench's writes on MySQL and MariaDB, of pgbench's simple updates on
// PostgreSQL, where the table is only written anew.
func (r Report) loaded() []ShadowResult {
	list := slices.Clone(r.Shadow)
	for _, x := range r.Repack {
		list = append(list, ShadowResult{Server: x.Server, Rows: x.Rows, Load: x.Load})
	}
	return slices.DeleteFunc(list, func(x ShadowResult) bool { return x.Load == nil })
}

func (r Report) repacks(b *strings.Builder) {
	if len(r.Repack) == 0 {
		return
	}
	b.WriteString("## A table written anew on PostgreSQL: `pgbench_accounts`\n\nphasemig's time has the comparison of every row in it; pg_repack compares nothing.\n\n| server | other tool | rows | rounds | its time | phasemig (copy, comparison) | over it (≤ 2) | client's peak |\n|---|---|--:|--:|--:|--:|--:|--:|\n")
	for _, x := range r.Repack {
		fmt.Fprintf(b, "| %s | %s | %d | %d | %.2f s | %.2f s (%.2f s, %.2f s) | **%.2f** | %.0f MB |\n", x.Server, x.Peer, x.Rows, x.Rounds, median(x.Repack), median(x.Shadow), median(x.Copy), median(x.Compare), x.Ratio, x.PeakMB)
	}
	b.WriteString("\n")
}

func (r Report) backfills(b *strings.Builder) {
	if len(r.Backfill) == 0 {
		return
	}
	b.WriteString("## A column filled: the backfill under triggers\n\nBeside one UPDATE of the whole table without triggers, and beside batches of 1,000 rows under the same triggers.\n\n" +
		"| server | change | rows | rounds | one UPDATE | batches | phasemig | over one UPDATE (≤ 1.3) | rate over batches (≥ 1.2) | client's peak |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, x := range r.Backfill {
		fmt.Fprintf(b, "| %s | %s | %d | %d | %.2f s | %.2f s | %.2f s | **%.2f** | **%.2f** | %.0f MB |\n", x.Server, x.Change, x.Rows, x.Rounds, median(x.Plain), median(x.Batches), median(x.Backfill), x.RatioPlain, x.RateBatches, x.PeakMB)
	}
	b.WriteString("\n")
}

func (r Report) serves(b *strings.Builder) {
	if len(r.Serve) == 0 {
		return
	}
	b.WriteString("## A migration carried out by `serve`, alone and beside requests to its API\n\n| server | rows | pairs | alone | beside requests | over alone (≤ 1.1) | requests | errors | p50 | p99 (< 50 ms) |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, x := range r.Serve {
		fmt.Fprintf(b, "| %s | %d | %d | %.2f s | %.2f s | **%.2f** | %d | %d | %.1f ms | **%.1f ms** |\n", x.Server, x.Rows, x.Pairs, median(x.Alone), median(x.Under), x.Ratio, x.Requests, x.Errors, x.P50, x.P99)
	}
	b.WriteString("\n")
}

const again = `## To repeat it

<!-- test: not run: it takes an hour -->
` + "```sh" + `
make bench
` + "```" + `

It starts a server of each kind, with 2 GB of buffers and of log, and takes about an hour on two cores. A part of it:
` + "`go run ./internal/bench/cmd/bench -shadow -rows 5000000 -rounds 7 -load 10s -o docs/benchmarks.json -page docs/benchmarks.md mysql`" + ` measures one and keeps the other
figures of [benchmarks.json](benchmarks.json) (a list of one time is the median of an earlier call). Other tools take part where they are on PATH: pt-online-schema-change (Debian: percona-toolkit), gh-ost, spirit; pg_repack where it is installed for the server
(Debian: postgresql-15-repack).
`
