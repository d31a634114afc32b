// Command servers runs another command while all database servers are up.
//
//	go run ./internal/throwaway/cmd/servers -- go test ./...
//
// It starts one server of each kind that PHASEMIG_REQUIRE_DB names, or of all, and sets that variable to all if it
// is not set. It tells the command where they are by PHASEMIG_TEST_<KIND>_DSN, and stops them when the command has
// ended, whose exit code is its own. So all packages under test share four servers.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
	"golang.org/x/sync/errgroup"
)

func main() {
	ports := flag.String("ports", "", "comma-separated fixed ports, in the order of the servers")
	flag.Usage = func() {
		fmt.Fprintf(os.Stderr, "usage: servers [-ports N,N,N,N] -- COMMAND [ARGUMENT]...\nservers: %v\n", throwaway.Kinds())
	}
	flag.Parse()
	required := cmp.Or(os.Getenv(requireDB), "all")
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	code, err := run(flag.Args(), required, *ports)
	if err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
	}
	os.Exit(code)
}

const requireDB = "PHASEMIG_REQUIRE_DB"

func run(command []string, required, ports string) (int, error) {
	kinds, err := throwaway.ParseKinds(required)
	if err != nil {
		return 2, fmt.Errorf("%s: %w", requireDB, err)
	}
	fixed, err := parsePorts(ports, len(kinds))
	if err != nil {
		return 2, err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	servers, err := start(ctx, kinds, fixed)
	cancel()
	defer stop(servers)
	if err != nil {
		return 1, err
	}
	return execute(command, append(environment(servers), requireDB+"="+required))
}

func parsePorts(list string, n int) ([]int, error) {
	ports := make([]int, n)
	if list == "" {
		return ports, nil
	}
	fields := strings.Split(list, ",")
	if len(fields) != n {
		return nil, fmt.Errorf("-ports: want %d ports, got %d", n, len(fields))
	}
	for i, field := range fields {
		port, err := strconv.Atoi(field)
		if err != nil {
			return nil, fmt.Errorf("-ports: %w", err)
		}
		ports[i] = port
	}
	return ports, nil
}

// start returns the servers that did start, also when one of them did not.
func start(ctx context.Context, kinds []throwaway.Kind, ports []int) ([]*throwaway.Server, error) {
	servers := make([]*throwaway.Server, len(kinds))
	group, ctx := errgroup.WithContext(ctx)
	for i, kind := range kinds {
		group.Go(func() (err error) {
			options := throwaway.Options{Dir: throwaway.MemoryDir(), Port: ports[i], AllowInstall: true, Log: os.Stderr}
			servers[i], err = throwaway.Start(ctx, kind, options)
			return err
		})
	}
	return servers, group.Wait()
}

func stop(servers []*throwaway.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var group errgroup.Group
	for _, server := range servers {
		if server != nil {
			group.Go(func() error { return server.Stop(ctx) })
		}
	}
	if err := group.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
	}
}

func environment(servers []*throwaway.Server) []string {
	env := os.Environ()
	for _, server := range servers {
		env = append(env, server.Kind().Variable()+"="+server.DSN(""))
	}
	return env
}

// execute passes signals on, and waits for the command's own end: its cleanup may need the servers.
func execute(command, env []string) (int, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer close(signals)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 127, fmt.Errorf("run the command: %w", err)
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it may just have ended
		}
	}()
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, fmt.Errorf("%s: %w", command[0], err)
	}
	return 0, nil
}
