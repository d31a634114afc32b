package faultnet_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/faultnet"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// teller is a server that answers each line with its name and the line, and counts them.
type teller struct {
	listener net.Listener
	name     string
	running  sync.WaitGroup
	heard    chan string
}

func tell(t *testing.T, name string) *teller {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &teller{listener: l, name: name, heard: make(chan string, 10)}
	s.running.Go(s.accept)
	t.Cleanup(func() { l.Close(); s.running.Wait() })
	return s
}

func (s *teller) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.running.Go(func() {
			defer conn.Close()
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				s.heard <- lines.Text()
				fmt.Fprintf(conn, "%s: %s\n", s.name, lines.Text())
			}
		})
	}
}

// client is a connection by way of a proxy.
type client struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func connect(t *testing.T, p *faultnet.Proxy) *client {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil { // a test that waits for nothing must not hold up all others
		t.Fatal(err)
	}
	return &client{t, conn, bufio.NewReader(conn)}
}

func (c *client) say(line string) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c, line); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) hears(want string) {
	c.t.Helper()
	if got, err := c.in.ReadString('\n'); err != nil || strings.TrimSpace(got) != want {
		c.t.Fatalf("heard %q, %v, want %q", got, err, want)
	}
}

// silent fails if an answer comes within a tenth of a second.
func (c *client) silent() {
	c.t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		c.t.Fatal(err)
	}
	if got, err := c.in.ReadString('\n'); !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatalf("heard %q, %v, want nothing", got, err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		c.t.Fatal(err)
	}
}

func TestResetInTheMiddleOfAnAnswer(t *testing.T) {
	p := dbtest.NewProxy(t, tell(t, "server").listener.Addr().String())
	c := connect(t, p)
	c.say("one")
	c.hears("server: one")
	p.ResetAnswers(20)
	c.say("two") // 12 bytes of 20
	c.hears("server: two")
	c.say("three")
	got, err := io.ReadAll(c.in)
	if !errors.Is(err, syscall.ECONNRESET) || len(got) > 8 {
		t.Errorf("heard %q, %v, want at most 8 bytes and a reset", got, err)
	}
	if again := connect(t, p); p.Connections() > 1 {
		t.Error("the connection is still there")
	} else {
		again.say("four")
		again.hears("server: four")
	}
}

func TestPauseAnswers(t *testing.T) {
	s := tell(t, "server")
	p := dbtest.NewProxy(t, s.listener.Addr().String())
	c := connect(t, p)
	p.PauseAnswers()
	c.say("one")
	if got := <-s.heard; got != "one" {
		t.Fatalf("the server heard %q", got)
	}
	c.silent()
	p.Pause()
	c.say("two")
	c.silent()
	if len(s.heard) > 0 {
		t.Error("a request passed a pause of both directions")
	}
	p.Resume()
	c.hears("server: one")
	c.hears("server: two")
}

// A connection that is cut while nothing passes must not wait for Resume.
func TestCutWhilePaused(t *testing.T) {
	p := dbtest.NewProxy(t, tell(t, "server").listener.Addr().String())
	c := connect(t, p)
	c.say("zero")
	c.hears("server: zero") // before it, the proxy may not have taken the connection yet, and cuts only what it has
	p.Pause()
	c.say("one")
	p.Cut()
	if got, err := c.in.ReadString('\n'); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("heard %q on a connection that was cut", got)
	}
}

func TestLead(t *testing.T) {
	p := dbtest.NewProxy(t, tell(t, "old").listener.Addr().String())
	c := connect(t, p)
	c.say("one")
	c.hears("old: one")
	p.Lead(tell(t, "new").listener.Addr().String())
	c.say("two")
	c.hears("old: two")
	other := connect(t, p)
	other.say("three")
	other.hears("new: three")
}

func TestDelayAndRefuse(t *testing.T) {
	p := dbtest.NewProxy(t, tell(t, "server").listener.Addr().String())
	c := connect(t, p)
	p.Delay(30 * time.Millisecond)
	begin := time.Now()
	c.say("one")
	c.hears("server: one")
	if took := time.Since(begin); took < 60*time.Millisecond {
		t.Errorf("a round trip took %v", took)
	}
	p.Refuse(true)
	if got, err := connect(t, p).in.ReadString('\n'); err == nil {
		t.Errorf("heard %q on a connection that was refused", got)
	}
	c.say("two")
	c.hears("server: two")
}
