package dbtest

import (
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy is a TCP proxy on loopback in front of a server, and can do what networks do.
type Proxy struct {
	listener net.Listener
	upstream string
	threads  atomic.Uint32 // the last thread id given out
	rewrite  atomic.Bool
	refuse   atomic.Bool
	delay    atomic.Int64
	running  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	links  map[*link]struct{}
	resume chan struct{} // closed while not paused
}

// link is one client and its connection to the server.
type link struct{ client, server net.Conn }

func (l *link) close() {
	l.client.Close()
	l.server.Close()
}

// NewProxy starts a proxy in front of addr, for the rest of the test.
func NewProxy(t testing.TB, addr string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, upstream: addr, links: map[*link]struct{}{}, resume: make(chan struct{})}
	close(p.resume)
	p.running.Go(p.accept)
	t.Cleanup(p.close)
	return p
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

// Cut drops all connections. New ones are let through.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.close()
	}
}

// Pause halts the traffic of all connections, and keeps them. Resume lets it go on, nothing is lost.
func (p *Proxy) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.resume:
		p.resume = make(chan struct{})
	default:
	}
}

// Resume ends a Pause.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.resume:
	default:
		close(p.resume)
	}
}

// Delay holds back everything that is sent, in both directions, for d.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Refuse makes the proxy drop new connections, as if the server were down; those that exist are kept.
func (p *Proxy) Refuse(refuse bool) { p.refuse.Store(refuse) }

// RewriteMySQLThreadID makes the proxy tell new clients a thread id of its own making, as a multiplexing
// proxy does: a KILL with that id hits somebody else or nobody.
func (p *Proxy) RewriteMySQLThreadID(rewrite bool) { p.rewrite.Store(rewrite) }

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
	server, err := net.Dial("tcp", p.upstream)
	if err != nil {
		client.Close()
		return
	}
	l := &link{client, server}
	defer l.close()
	if !p.add(l) {
		return
	}
	defer p.remove(l)
	if p.rewrite.Load() && greet(client, server, 1<<24+p.threads.Add(1)) != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.copy(server, client); l.close() })
	both.Go(func() { p.copy(client, server); l.close() })
	both.Wait()
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

// copy sends what was read only when the traffic is not halted.
func (p *Proxy) copy(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			p.hold()
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) hold() {
	if d := time.Duration(p.delay.Load()); d > 0 {
		time.Sleep(d)
	}
	p.mu.Lock()
	resume := p.resume
	p.mu.Unlock()
	<-resume
}

func (p *Proxy) close() {
	p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Cut()
	p.Resume()
	p.running.Wait()
}
