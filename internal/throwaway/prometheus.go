package throwaway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"
)

// prometheus is no database, so it is not among the Kinds.
const prometheus Kind = "prometheus"

// Prometheus is a running Prometheus that scrapes nobody and takes samples by remote write.
type Prometheus struct{ local *local }

// StartPrometheus starts one and returns when it answers. Of the options Dir, Port, Log and AllowInstall count.
func StartPrometheus(ctx context.Context, o Options) (*Prometheus, error) {
	o = o.withDefaults()
	p, err := obtain(ctx, prometheus, o)
	if err != nil {
		return nil, err
	}
	l, err := newLocal(ctx, p, prometheusProduct{}, o)
	if err != nil {
		return nil, err
	}
	if err := l.start(ctx); err != nil {
		return nil, errors.Join(err, l.remove(context.WithoutCancel(ctx)))
	}
	return &Prometheus{l}, nil
}

// URL is its address as far as, and without, /api/v1.
func (p *Prometheus) URL() string { return p.local.dsn() }

// Stop ends it and removes what it kept.
func (p *Prometheus) Stop(ctx context.Context) error { return p.local.remove(ctx) }

type prometheusProduct struct{}

func (prometheusProduct) account() (*account, error)      { return nil, nil }
func (prometheusProduct) shutdown() syscall.Signal        { return syscall.SIGTERM }
func (prometheusProduct) discard() syscall.Signal         { return syscall.SIGKILL }
func (prometheusProduct) dsn(addr string) string          { return "http://" + addr }
func (prometheusProduct) release(context.Context, string) {}

func (prometheusProduct) follow(context.Context, *Server, *Server) error {
	return errors.New("Prometheus follows no server")
}

func (prometheusProduct) create(_ context.Context, l *local) error {
	_, err := l.write("prometheus.yml", "global: {}\n")
	return err
}

func (prometheusProduct) command(l *local) ([]string, error) {
	return []string{l.programs.server, "--config.file=" + l.dir + "/prometheus.yml", "--storage.tsdb.path=" + l.data(),
		fmt.Sprintf("--web.listen-address=127.0.0.1:%d", l.port), "--web.enable-remote-write-receiver"}, nil
}

// ready asks the address at which Prometheus says that it takes queries.
func (prometheusProduct) ready(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/-/ready", nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", resp.Status)
	}
	return nil
}
