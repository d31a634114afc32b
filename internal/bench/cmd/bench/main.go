// Command bench measures what the flags say, or everything with -all, on the servers named, all four by
// default; prints tables, and stores the figures as JSON and as a page.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/dialect/mysql"
	"github.com/phasemig/phasemig/dialect/postgres"
	"github.com/phasemig/phasemig/internal/bench"
	"github.com/phasemig/phasemig/internal/memory"
	"github.com/phasemig/phasemig/internal/throwaway"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// asked is what the command line asks for.
type asked struct {
	kinds                                 []throwaway.Kind
	rows, rounds, workers                 int
	backfill, retype, shadow, repack, all bool
	serve                                 bool
	pairs, requests                       int
	load, least                           time.Duration
	out, page                             string
}

func parse() (asked, error) {
	var a asked
	flag.IntVar(&a.rows, "rows", 2_000_000, "rows of the table")
	flag.IntVar(&a.rounds, "rounds", 5, "rounds")
	flag.IntVar(&a.workers, "workers", 2, "workers of the backfill")
	flag.BoolVar(&a.retype, "retype", false, "measure the backfill of a change of type in place of a rename (PostgreSQL)")
	flag.BoolVar(&a.shadow, "shadow", false, "measure the shadow copy of a table instead, beside the server's own ALTER TABLE and other tools on PATH (MySQL, MariaDB)")
	flag.BoolVar(&a.repack, "repack", false, "measure writing a table anew beside pg_repack, on the PostgreSQL servers that have it")
	flag.BoolVar(&a.all, "all", false, "measure all of these, the shadow copy on half as many rows and under load")
	flag.DurationVar(&a.load, "load", 0, "with -shadow and -repack: also migrate under saturating writes, after they have run alone for so long")
	flag.BoolVar(&a.serve, "serve", false, "measure what requests to the API of a server cost the migration that it carries out, instead")
	flag.IntVar(&a.pairs, "pairs", 7, "with -serve: pairs of a migration alone and one under requests")
	flag.IntVar(&a.requests, "requests", 200, "with -serve: requests a second")
	flag.DurationVar(&a.least, "least", time.Minute, "with -serve: how long requests are sent at least")
	flag.StringVar(&a.out, "o", "", "file for the results as JSON; what it holds of other measurements stays")
	flag.StringVar(&a.page, "page", "", "file for the results of -o as a page in Markdown")
	flag.Parse()
	a.backfill = !a.retype && !a.shadow && !a.repack && !a.serve
	a.kinds = throwaway.Kinds()
	if flag.NArg() > 0 {
		a.kinds = nil
	}
	for _, name := range flag.Args() {
		k, err := throwaway.ParseKind(name)
		if err != nil {
			return a, err
		}
		a.kinds = append(a.kinds, k)
	}
	return a, nil
}

func run(ctx context.Context) error {
	a, err := parse()
	if err != nil {
		return err
	}
	memory.Bound()
	r := bench.Report{Date: time.Now().UTC().Format(time.DateOnly), Machine: fmt.Sprintf("%d cores, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)}
	for _, one := range []struct {
		asked bool
		run   func(context.Context, asked, *bench.Report) error
	}{{a.shadow, runShadow}, {a.repack, runRepack}, {a.backfill, runBackfill}, {a.retype, runRetype}, {a.serve, runServe}} {
		if !one.asked && !a.all {
			continue
		}
		if err := one.run(ctx, a, &r); err != nil {
			return err
		}
		if err := store(a, r); err != nil { // an hour's figures aren't lost by what comes after them
			return err
		}
	}
	return nil
}

func open(ctx context.Context, dsn string) (*dialect.Database, error) {
	if strings.HasPrefix(dsn, "mysql") {
		return mysql.Open(ctx, dsn)
	}
	return postgres.Open(ctx, dsn)
}

func runBackfill(ctx context.Context, a asked, r *bench.Report) error {
	return backfills(ctx, a, r, false)
}

// runRetype has PostgreSQL only: elsewhere a change of type is an ALTER on a shadow.
func runRetype(ctx context.Context, a asked, r *bench.Report) error {
	return backfills(ctx, a, r, true)
}

func backfills(ctx context.Context, a asked, report *bench.Report, retype bool) error {
	fmt.Printf("%-20s %-8s %10s %10s %10s %10s %12s %12s %8s\n", "server", "change", "rows", "plain s", "batches s", "phasemig s", "/ plain ≤1.3", "rate × ≥1.2", "peak MB")
	for _, k := range a.kinds {
		if retype && !k.IsPostgres() {
			continue
		}
		r, err := bench.Run(ctx, bench.Options{Kind: k, Rows: a.rows, Rounds: a.rounds, Workers: a.workers, Retype: retype, Open: open, Out: os.Stderr})
		if err != nil {
			return err
		}
		fmt.Printf("%-20s %-8s %10d %10.2f %10.2f %10.2f %12.2f %12.2f %8.1f\n", r.Server, r.Change, r.Rows, bench.Median(r.Plain), bench.Median(r.Batches),
			bench.Median(r.Backfill), r.RatioPlain, r.RateBatches, r.PeakMB)
		report.Add(bench.Report{Date: report.Date, Machine: report.Machine, Backfill: []bench.Result{r}})
	}
	return nil
}

func runShadow(ctx context.Context, a asked, report *bench.Report) error {
	o := bench.ShadowOptions{Rows: a.rows, Rounds: a.rounds, Workers: a.workers, Load: a.load, Open: open, Out: os.Stderr}
	if a.all {
		o.Rows, o.Load = max(a.rows/2, 1), max(a.load, 10*time.Second)
	}
	fmt.Printf("%-20s %10s %10s %10s %14s %12s %10s %8s %14s\n", "server", "rows", "native s", "phasemig s", "/ native ≤1.35", "copy / ≤1.1", "rows/s", "peak MB", "CPU s/million")
	for _, k := range a.kinds {
		if k.IsPostgres() {
			continue
		}
		o.Kind = k
		r, err := bench.RunShadow(ctx, o)
		if err != nil {
			return err
		}
		fmt.Printf("%-20s %10d %10.2f %10.2f %14.2f %12.2f %10.0f %8.1f %14.2f\n", r.Server, r.Rows, bench.Median(r.Native), bench.Median(r.Shadow), r.Ratio, r.RatioCopy, r.RowsPerS, r.PeakMB, r.CPU)
		for _, p := range r.Peers {
			fmt.Printf("    %-26s %10.2f s, phasemig over it %.2f  %s\n", p.Name, bench.Median(p.Took), p.Ratio, p.Failed)
		}
		report.Add(bench.Report{Date: report.Date, Machine: report.Machine, Shadow: []bench.ShadowResult{r}})
	}
	return nil
}

func runRepack(ctx context.Context, a asked, report *bench.Report) error {
	load := a.load
	if a.all {
		load = max(load, 10*time.Second)
	}
	fmt.Printf("%-20s %-18s %10s %12s %10s %14s %8s\n", "server", "peer", "rows", "pg_repack s", "phasemig s", "/ pg_repack ≤2", "peak MB")
	for _, k := range a.kinds {
		if !k.IsPostgres() {
			continue
		}
		r, err := bench.RunRepack(ctx, bench.RepackOptions{Kind: k, Rows: a.rows, Rounds: a.rounds, Workers: a.workers, Load: load, Open: open, Out: os.Stderr})
		if errors.Is(err, bench.ErrNoPeer) {
			fmt.Fprintf(os.Stderr, "%s: %v\n", k, err)
			continue
		}
		if err != nil {
			return err
		}
		fmt.Printf("%-20s %-18s %10d %12.2f %10.2f %14.2f %8.1f\n", r.Server, r.Peer, r.Rows, bench.Median(r.Repack), bench.Median(r.Shadow), r.Ratio, r.PeakMB)
		report.Add(bench.Report{Date: report.Date, Machine: report.Machine, Repack: []bench.RepackResult{r}})
	}
	return nil
}

func runServe(ctx context.Context, a asked, report *bench.Report) error {
	fmt.Printf("%-20s %10s %6s %10s %10s %14s %10s %8s %10s %12s\n", "server", "rows", "pairs", "alone s", "under s", "/ alone ≤1.1", "requests", "errors", "p50 ms", "p99 ms <50")
	for _, k := range a.kinds {
		r, err := bench.RunServe(ctx, bench.ServeOptions{Kind: k, Rows: a.rows, Pairs: a.pairs, Workers: a.workers, Rate: a.requests, Least: a.least, Open: open, Out: os.Stderr})
		if err != nil {
			return err
		}
		fmt.Printf("%-20s %10d %6d %10.2f %10.2f %14.2f %10d %8d %10.1f %12.1f\n", r.Server, r.Rows, r.Pairs, bench.Median(r.Alone), bench.Median(r.Under), r.Ratio, r.Requests, r.Errors, r.P50, r.P99)
		if r.First != "" {
			fmt.Println("the first failed request:", r.First)
		}
		report.Add(bench.Report{Date: report.Date, Machine: report.Machine, Serve: []bench.ServeResult{r}})
	}
	return nil
}

// store adds the figures to those of the file, and writes the page from all of them.
func store(a asked, r bench.Report) error {
	if a.out == "" {
		return nil
	}
	var all bench.Report
	b, err := os.ReadFile(a.out)
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read %s, to which the figures are to be added: %w", a.out, err)
	}
	all.Add(r)
	if b, err = json.MarshalIndent(all, "", "  "); err != nil {
		return err
	}
	if err := os.WriteFile(a.out, append(b, '\n'), 0o644); err != nil || a.page == "" {
		return err
	}
	return os.WriteFile(a.page, []byte(all.Page()), 0o644)
}
