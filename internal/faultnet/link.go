package faultnet

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// link is one client and its connection to the server.
type link struct {
	client, server net.Conn
	left           atomic.Int64 // bytes of answers until it is reset; unlimited: never
	once           sync.Once
	gone           chan struct{} // closed with it, for what waits at a gate
}

const unlimited = -1

func newLink(client, server net.Conn) *link {
	l := &link{client: client, server: server, gone: make(chan struct{})}
	l.left.Store(unlimited)
	return l
}

func (l *link) close() {
	l.once.Do(func() { close(l.gone) })
	l.client.Close()
	l.server.Close()
}

// errReset: the link was reset on purpose.
var errReset = errors.New("reset")

// send writes what was read, or what left allows of it and then resets the link.
func send(l *link, to net.Conn, b []byte, left *atomic.Int64) error {
	if left == nil || left.Load() == unlimited {
		_, err := to.Write(b)
		return err
	}
	n := left.Load()
	if n > int64(len(b)) {
		left.Store(n - int64(len(b)))
		_, err := to.Write(b)
		return err
	}
	_, _ = to.Write(b[:n])
	l.reset()
	return errReset
}

// reset closes the client's side so that the system sends a RST and not a FIN.
func (l *link) reset() {
	if tcp, ok := l.client.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	l.close()
}
