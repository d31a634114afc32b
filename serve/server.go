package serve

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"
)

// Config is what a server needs.
type Config struct {
	Environments []Environment
	Tokens       []Token
	// PublicURL is the address under which clients reach the server, such as https://phasemig.example. Empty: what
	// the request says.
	PublicURL string
	Notify    []Notifier
	// Operations is how many may work at a time. 8.
	Operations int
	// Lint judges SQL files. Nil: the server has no linter.
	Lint Linter
	// Describe gives an error its class, exit code and hint, without any secret in them. The run
	// is how hints name it.
	Describe func(ctx context.Context, run string, err error) Problem
	Version  string
	Log      *slog.Logger
}

// Server answers requests and carries out operations.
type Server struct {
	config   Config
	document map[string]any
	tokens   tokens
	targets  map[string]*target
	ops      *operations
	meter    *meter
	work     errgroup.Group // operations and notifications
	// life is Run's context: operations outlive their requests and end with the server. Run sets it before
	// the first request.
	life context.Context

	askMu  sync.Mutex
	asking map[string]*question // gates that are being asked, or were asked a moment ago
	told   sync.Map             // what was told to notifiers, see notify.go
}

// New makes a server. The error tells what is wrong with the configuration.
func New(c Config) (*Server, error) {
	if len(c.Environments) == 0 {
		return nil, errors.New("there is no environment to serve")
	}
	c.Operations = cmp.Or(c.Operations, 8)
	s := &Server{config: c, document: document(), targets: map[string]*target{}, meter: newMeter(), asking: map[string]*question{}, life: context.Background()}
	var err error
	if s.tokens, err = newTokens(c.Tokens); err != nil {
		return nil, err
	}
	for _, e := range c.Environments {
		if s.targets[e.Name] != nil {
			return nil, fmt.Errorf("environment %q is there twice", e.Name)
		}
		s.targets[e.Name] = &target{Environment: e}
	}
	s.ops = newOperations(c.Operations)
	s.meter.watch(s)
	return s, nil
}

// Run serves on l until ctx ends: then no request is taken any more, operations stop at their next safe point,
// and Run returns when all have. certificate may be nil: plain HTTP. The error is ErrInterrupted when an operation
// was stopped before its end.
func (s *Server) Run(ctx context.Context, l net.Listener, certificate *tls.Certificate) error {
	s.life = ctx
	l = netutil.LimitListener(l, mostConnections)
	if certificate != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	h := s.httpServer()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-gctx.Done()
		return s.shutdown(h)
	})
	err := g.Wait()
	_ = s.work.Wait() // each operation keeps its own error
	for _, t := range s.targets {
		t.close()
	}
	return cmp.Or(err, s.ops.ending())
}

// shutdown lets requests that are being answered end.
func (s *Server) shutdown(h *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.life), answerTime)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("end the requests under way: %w", err), h.Close())
	}
	return nil
}

func (s *Server) httpServer() *http.Server {
	var c connections
	return &http.Server{
		Handler:     reached(s.Handler()),
		ConnContext: c.begin,
		ConnState: func(conn net.Conn, st http.ConnState) {
			c.changed(conn, st, func(from string) {
				s.config.Log.Warn("request refused", "class", "unreadable", "from", from)
			})
		},
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       bodyTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    mostHeader,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelWarn),
	}
}

// ErrInterrupted: the server was asked to end while an operation was at work, which can be called again.
var ErrInterrupted = errors.New("an operation was stopped before its end")
