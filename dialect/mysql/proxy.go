package mysql

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"

	gomysql "github.com/go-sql-driver/mysql"
)

// problems lists what forbids any plan on this target.
func (s *server) problems(ctx context.Context) ([]string, error) {
	vars, err := s.variables(ctx, s.db)
	if err != nil {
		return nil, fmt.Errorf("read the server's settings: %w", classify(err))
	}
	var out []string
	proxied, err := s.proxied(ctx)
	if err != nil {
		return nil, err
	}
	if proxied != "" {
		out = append(out, proxied)
	}
	if why := readOnly(vars); why != "" {
		out = append(out, why)
	}
	if why := multiPrimary(vars); why != "" {
		out = append(out, why)
	}
	return out, nil
}

func on(v string) bool { return v == "ON" || v == "1" || v == "YES" }

func readOnly(vars map[string]string) string {
	for _, name := range []string{"super_read_only", "read_only", "innodb_read_only"} {
		if v := vars[name]; v != "" && v != "OFF" && v != "0" {
			return "the server is read-only (" + name + " is " + v + "): connect to the primary"
		}
	}
	return ""
}

// multiPrimary: share locks are local to a member, so the fence doesn't hold.
func multiPrimary(vars map[string]string) string {
	if on(vars["wsrep_on"]) {
		return "the server is a member of a Galera cluster, where every member writes and the runner's lease can't be kept"
	}
	if vars["group_replication_group_name"] != "" && !on(vars["group_replication_single_primary_mode"]) {
		return "group replication runs in multi-primary mode, where the runner's lease can't be kept: switch to single-primary mode"
	}
	return ""
}

// proxied tells of a proxy that gives a session's statements to several server
// sessions. Such a proxy has its own thread id in the handshake; the expression
// keeps it from answering CONNECTION_ID() by itself.
func (s *server) proxied(ctx context.Context) (string, error) {
	c := s.config.Clone()
	c.InterpolateParams = true
	c.Logger = &gomysql.NopLogger{} // errors are returned; the driver's own words would mix with the output
	var seen handshake
	c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &listener{Conn: conn, to: &seen}, nil
	}
	inner, err := gomysql.NewConnector(c)
	if err != nil {
		return "", badDSN(err.Error())
	}
	id, err := connectionID(ctx, inner)
	if err != nil {
		return "", fmt.Errorf("look for a proxy: %w", classifyLogin(err))
	}
	name := strings.ToLower(seen.version())
	for _, proxy := range []string{"proxysql", "maxscale", "mysql-router", "vitess"} {
		if strings.Contains(name, proxy) {
			return fmt.Sprintf("there is a proxy in front (it calls itself %s); locks and session settings may end up in other sessions: connect to the server itself", seen.version()), nil
		}
	}
	if got, ok := seen.thread(); ok && got != id {
		return fmt.Sprintf("there is a proxy in front (it greets as session %d, the server says %d); locks and session settings may end up in other sessions: connect to the server itself", got, id), nil
	}
	return "", nil
}

// handshake is the first packet that the server sends.
type handshake []byte

func (h handshake) version() string {
	if len(h) < 6 || h[4] != 10 {
		return ""
	}
	i := slices.Index(h[5:], 0)
	if i < 0 {
		return ""
	}
	return string(h[5 : 5+i])
}

// thread is the id of the session in the greeting: four bytes behind the version.
func (h handshake) thread() (uint64, bool) {
	at := 5 + len(h.version()) + 1
	if h.version() == "" || len(h) < at+4 {
		return 0, false
	}
	return uint64(binary.LittleEndian.Uint32(h[at:])), true
}

// listener keeps what is read first; the greeting is never encrypted.
type listener struct {
	net.Conn
	to   *handshake
	done bool
}

func (l *listener) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if !l.done {
		*l.to = append(*l.to, b[:n]...)
		l.done = len(*l.to) >= 128
	}
	return n, err
}
