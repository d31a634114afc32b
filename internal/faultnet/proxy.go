package faultnet

import (
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy is a TCP proxy on loopback in front of a server. Its methods may be called from any goroutine.
type Proxy struct {
	listener net.Listener
	threads  atomic.Uint32 // the last thread id given out
	rewrite  atomic.Bool
	refuse   atomic.Bool
	delay    atomic.Int64
	running  sync.WaitGroup

	mu       sync.Mutex
	upstream string
	closed   bool
	links    map[*link]struct{}
	requests chan struct{} // closed while requests pass
	answers  chan struct{} // closed while answers pass
}

// Start starts a proxy in front of addr (host:port). Close ends it.
func Start(addr string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen in front of %s: %w", addr, err)
	}
	p := &Proxy{listener: listener, upstream: addr, links: map[*link]struct{}{}, requests: make(chan struct{}), answers: make(chan struct{})}
	close(p.requests)
	close(p.answers)
	p.running.Go(p.accept)
	return p, nil
}

// Addr is where clients connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// DSN is dsn by way of the proxy.
func (p *Proxy) DSN(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	u.Host = p.Addr()
	return u.String()
}

// Connections is how many there are now.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Cut drops all connections. New ones are let through.
func (p *Proxy) Cut() { p.each((*link).close) }

// ResetAnswers drops every connection that there is with a reset (RST) as soon as n more bytes of answers have passed
// on it: a client then has a part of an answer. With 0 it is dropped at the next answer's first byte.
func (p *Proxy) ResetAnswers(n int) { p.each(func(l *link) { l.left.Store(int64(n)) }) }

// Lead makes new connections go to addr instead. Those that exist are kept: see Cut.
func (p *Proxy) Lead(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.upstream = addr
}

// Pause halts the traffic of all connections, and keeps them, as where a network is gone and nobody says so. Resume
// lets it go on, nothing is lost.
func (p *Proxy) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests, p.answers = shut(p.requests), shut(p.answers)
}

// PauseAnswers halts what servers send and lets through what clients send: a statement is done and its answer doesn't
// come. Resume ends it.
func (p *Proxy) PauseAnswers() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = shut(p.answers)
}

// Resume ends Pause and PauseAnswers.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	open(p.requests)
	open(p.answers)
}

// shut returns a gate that is shut: the same one if it is.
func shut(gate chan struct{}) chan struct{} {
	select {
	case <-gate:
		return make(chan struct{})
	default:
		return gate
	}
}

func open(gate chan struct{}) {
	select {
	case <-gate:
	default:
		close(gate)
	}
}

// Delay holds back everything that is sent, in both directions, for d: a round trip takes 2d longer.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Refuse makes the proxy drop new connections, as if the server were down; those that exist are kept.
func (p *Proxy) Refuse(refuse bool) { p.refuse.Store(refuse) }

// RewriteMySQLThreadID makes the proxy tell new clients a thread id of its own making, as a multiplexing
// proxy does: a KILL with that id hits somebody else or nobody.
func (p *Proxy) RewriteMySQLThreadID(rewrite bool) { p.rewrite.Store(rewrite) }

// Close ends the proxy and its connections, and returns when nothing of it runs any more.
func (p *Proxy) Close() {
	p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Cut()
	p.Resume()
	p.running.Wait()
}

func (p *Proxy) each(f func(*link)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		f(l)
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.refuse.Load() {
			client.Close()
			continue
		}
		p.running.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.target())
	if err != nil {
		client.Close()
		return
	}
	l := newLink(client, server)
	defer l.close()
	if !p.add(l) {
		return
	}
	defer p.remove(l)
	if p.rewrite.Load() && greet(client, server, 1<<24+p.threads.Add(1)) != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.pass(l, server, client, p.request, nil); l.close() })
	both.Go(func() { p.pass(l, client, server, p.answer, &l.left); l.close() })
	both.Wait()
}

func (p *Proxy) target() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.upstream
}

// add refuses a link that comes while the proxy is closing, which would never be closed.
func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.links[l] = struct{}{}
	}
	return !p.closed
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

func (p *Proxy) request() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

func (p *Proxy) answer() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answers
}

// pass sends what was read as long as gate is open and left allows it.
func (p *Proxy) pass(l *link, to, from net.Conn, gate func() chan struct{}, left *atomic.Int64) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if d := time.Duration(p.delay.Load()); d > 0 {
				time.Sleep(d)
			}
			select {
			case <-gate():
			case <-l.gone:
				return
			}
			if send(l, to, buffer[:n], left) != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
