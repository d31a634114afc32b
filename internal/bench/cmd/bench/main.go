// Command bench runs the backfill benchmark on the servers named, all four by
// default, prints a table and stores JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

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

func run(ctx context.Context) error {
	rows := flag.Int("rows", 2_000_000, "rows of the table")
	rounds := flag.Int("rounds", 5, "rounds")
	workers := flag.Int("workers", 2, "workers of the backfill")
	out := flag.String("o", "", "file for the results as JSON")
	shadow := flag.Bool("shadow", false, "measure the shadow copy of a table instead, beside the server's own ALTER TABLE")
	retype := flag.Bool("retype", false, "change a column's type in place of renaming one (PostgreSQL)")
	repack := flag.Bool("repack", false, "measure writing a table anew beside pg_repack, on the PostgreSQL servers that have it")
	load := flag.Duration("load", 0, "with -shadow: also migrate under saturating writes, after they have run alone for so long")
	flag.Parse()
	memory.Bound()
	kinds := throwaway.Kinds()
	if flag.NArg() > 0 {
		kinds = nil
		for _, a := range flag.Args() {
			k, err := throwaway.ParseKind(a)
			if err != nil {
				return err
			}
			kinds = append(kinds, k)
		}
	}
	if *shadow {
		return runShadow(ctx, kinds, bench.ShadowOptions{Rows: *rows, Rounds: *rounds, Workers: *workers, Load: *load, Open: open, Out: os.Stderr}, *out)
	}
	if *repack {
		return runRepack(ctx, kinds, bench.RepackOptions{Rows: *rows, Rounds: *rounds, Workers: *workers, Open: open, Out: os.Stderr}, *out)
	}
	var results []bench.Result
	for _, k := range kinds {
		if *retype && !k.IsPostgres() { // there a retype is an ALTER on a shadow
			continue
		}
		r, err := bench.Run(ctx, bench.Options{Kind: k, Rows: *rows, Rounds: *rounds, Workers: *workers, Retype: *retype, Open: open, Out: os.Stderr})
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	table(results)
	return store(*out, results)
}

func open(ctx context.Context, dsn string) (*dialect.Database, error) {
	if strings.HasPrefix(dsn, "mysql") {
		return mysql.Open(ctx, dsn)
	}
	return postgres.Open(ctx, dsn)
}

func table(results []bench.Result) {
	fmt.Printf("%-20s %10s %10s %10s %10s %12s %12s %8s\n", "server", "rows", "plain s", "batches s", "phasemig s", "/ plain ≤1.3", "rate × ≥1.2", "peak MB")
	for _, r := range results {
		fmt.Printf("%-20s %10d %10.2f %10.2f %10.2f %12.2f %12.2f %8.1f\n", r.Server, r.Rows, bench.Median(r.Plain), bench.Median(r.Batches),
			bench.Median(r.Backfill), r.RatioPlain, r.RateBatches, r.PeakMB)
	}
}

func runShadow(ctx context.Context, kinds []throwaway.Kind, o bench.ShadowOptions, out string) error {
	var results []bench.ShadowResult
	for _, k := range kinds {
		if k.IsPostgres() {
			continue
		}
		o.Kind = k
		r, err := bench.RunShadow(ctx, o)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	fmt.Printf("%-20s %10s %10s %10s %14s %12s %10s %8s %14s\n", "server", "rows", "native s", "phasemig s", "/ native ≤1.35", "copy / ≤1.1", "rows/s", "peak MB", "CPU s/million")
	for _, r := range results {
		fmt.Printf("%-20s %10d %10.2f %10.2f %14.2f %12.2f %10.0f %8.1f %14.2f\n", r.Server, r.Rows, bench.Median(r.Native), bench.Median(r.Shadow), r.Ratio, r.RatioCopy, r.RowsPerS, r.PeakMB, r.CPU)
	}
	return store(out, results)
}

func runRepack(ctx context.Context, kinds []throwaway.Kind, o bench.RepackOptions, out string) error {
	var results []bench.RepackResult
	for _, k := range kinds {
		if !k.IsPostgres() {
			continue
		}
		o.Kind = k
		r, err := bench.RunRepack(ctx, o)
		if errors.Is(err, bench.ErrNoPeer) {
			fmt.Fprintf(os.Stderr, "%s: %v\n", k, err)
			continue
		}
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	if len(results) == 0 {
		return bench.ErrNoPeer
	}
	fmt.Printf("%-20s %-18s %10s %12s %10s %14s %8s\n", "server", "peer", "rows", "pg_repack s", "phasemig s", "/ pg_repack ≤2", "peak MB")
	for _, r := range results {
		fmt.Printf("%-20s %-18s %10d %12.2f %10.2f %14.2f %8.1f\n", r.Server, r.Peer, r.Rows, bench.Median(r.Repack), bench.Median(r.Shadow), r.Ratio, r.PeakMB)
	}
	return store(out, results)
}

func store(file string, results any) error {
	if file == "" {
		return nil
	}
	b, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
