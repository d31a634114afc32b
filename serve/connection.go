package serve

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// connections tell which clients were cut off before a request of theirs could be read: headers that come too slowly, are too long,
// or are none. net/http ends those without asking a handler, so nothing else would log them.
type connections struct {
	open sync.Map // net.Conn → *atomic.Bool: a request was begun that no handler has got
}

type connectionKey struct{}

func (c *connections) begin(ctx context.Context, conn net.Conn) context.Context {
	unread := &atomic.Bool{}
	c.open.Store(conn, unread)
	return context.WithValue(ctx, connectionKey{}, unread)
}

// changed follows a connection. It becomes active when the first bytes of a request are there, be they a request or not; one that never
// sends anything, as a probe does, is nothing to tell.
func (c *connections) changed(conn net.Conn, st http.ConnState, tell func(from string)) {
	v, _ := c.open.Load(conn)
	unread, known := v.(*atomic.Bool)
	switch {
	case !known:
	case st == http.StateActive:
		unread.Store(true)
	case st == http.StateClosed:
		c.open.Delete(conn)
		if unread.Load() {
			tell(conn.RemoteAddr().String())
		}
	}
}

// reached notes that a request has come to a handler.
func reached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if unread, ok := r.Context().Value(connectionKey{}).(*atomic.Bool); ok {
			unread.Store(false)
		}
		next.ServeHTTP(w, r)
	})
}
