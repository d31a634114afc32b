package binlog

import (
	"context"
	"net"
	"sync"
	"time"
)

// closeWithin bounds what is left of the network's work when a reading ends.
const closeWithin = 2 * time.Second

// lines opens the connections of one reading, and ends them.
type lines struct {
	open     context.Context // ends a connection that is being opened
	patience time.Duration

	mu      sync.Mutex
	closing bool
	list    []net.Conn
}

// dial is go-mysql's Dialer. Its own context knows nothing of the caller's.
func (l *lines) dial(_ context.Context, network, addr string) (net.Conn, error) {
	l.mu.Lock()
	ctx, closing := l.open, l.closing
	l.mu.Unlock()
	if closing {
		// It is the one that kills the session that was read from.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if closing {
		return c, c.SetDeadline(time.Now().Add(closeWithin))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, c)
	return &line{Conn: c, patience: l.patience}, nil
}

// hangUp ends every connection, so that nobody waits in a read.
func (l *lines) hangUp(closing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closing = l.closing || closing
	for _, c := range l.list {
		c.Close()
	}
}

// line is a connection on which silence is an error. The time counts from each
// read, not from the last packet: a reader that was busy elsewhere has lost nothing.
type line struct {
	net.Conn
	patience time.Duration
	emptied  bool // by the last read
}

// gather is how long a reader that has emptied the line lets more arrive. The server sends what a
// statement changed in many small packets; to be woken for each costs more than to read it.
const gather = 2 * time.Millisecond

func (l *line) Read(p []byte) (int, error) {
	if l.emptied {
		time.Sleep(gather)
	}
	if err := l.SetReadDeadline(time.Now().Add(l.patience)); err != nil {
		return 0, err
	}
	n, err := l.Conn.Read(p)
	l.emptied = n < len(p)
	return n, err
}
