package throwaway

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// Start starts a server of kind k and returns when it answers. ctx bounds the start, not the server's life.
//
// The programs are looked for in this order, the fastest first:
//
//  1. PHASEMIG_DOCKER=1: the official image, and nothing else
//  2. programs on this machine: the PATH, /usr/lib/postgresql, /usr/sbin, what the install script unpacked
//  3. the official image, if a Docker engine answers and PHASEMIG_DOCKER is not 0
//  4. the install script, if Options.AllowInstall, for root on Debian and Ubuntu
//
// A server that is reached by a DSN from the environment needs no Start: see Attach.
func Start(ctx context.Context, k Kind, o Options) (*Server, error) {
	if _, err := ParseKind(string(k)); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	r, err := prepare(ctx, k, o)
	if err != nil {
		return nil, err
	}
	return launch(ctx, k, o, r)
}

// prepare finds the programs or the image and creates the server's data.
func prepare(ctx context.Context, k Kind, o Options) (runner, error) {
	if os.Getenv("PHASEMIG_DOCKER") == "1" {
		return newBox(ctx, k, o)
	}
	p, err := find(ctx, k)
	if err == nil {
		return newLocal(ctx, p, productOf(k), o)
	}
	if os.Getenv("PHASEMIG_DOCKER") != "0" {
		b, dockerErr := newBox(ctx, k, o)
		if dockerErr == nil {
			return b, nil
		}
		fmt.Fprintln(o.Log, dockerErr)
	}
	if p, err = obtain(ctx, k, o); err != nil {
		return nil, err
	}
	return newLocal(ctx, p, productOf(k), o)
}

// obtain finds the programs of k, and installs them if it must and may.
func obtain(ctx context.Context, k Kind, o Options) (programs, error) {
	p, err := find(ctx, k)
	if err != nil && o.AllowInstall {
		if err = install(ctx, k, o.Log); err == nil {
			p, err = find(ctx, k)
		}
	}
	if err != nil {
		return p, fmt.Errorf("obtain %s: %w", k, err)
	}
	return p, nil
}

// launch starts what was prepared, or removes it.
func launch(ctx context.Context, k Kind, o Options, r runner) (*Server, error) {
	s, err := run(ctx, k, o, r)
	if err != nil {
		return nil, errors.Join(err, r.remove(context.WithoutCancel(ctx)))
	}
	fmt.Fprintf(o.Log, "%s %s is running on %s\n", k, s.version, s.Addr())
	return s, nil
}

func run(ctx context.Context, k Kind, o Options, r runner) (*Server, error) {
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	u, err := url.Parse(r.dsn())
	if err != nil {
		return nil, fmt.Errorf("parse the server's DSN: %w", err)
	}
	s, err := Attach(ctx, k, u.String())
	if err != nil {
		return nil, err
	}
	s.runner = r
	if o.ReplicaOf != nil {
		if err := productOf(k).follow(ctx, s, o.ReplicaOf); err != nil {
			return nil, fmt.Errorf("follow %s: %w", o.ReplicaOf.Addr(), err)
		}
	}
	return s, nil
}

func productOf(k Kind) product {
	if k.IsPostgres() {
		return postgresProduct{}
	}
	return mysqlProduct{k}
}
