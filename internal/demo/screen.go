package demo

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/phasemig/phasemig/internal/traffic"
)

// screen tells what happens: on a terminal with one line at the bottom that is
// painted over, else line by line, one every ten seconds at most while
// nothing but time goes by.
type screen struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	began    time.Time
	width    int

	progress string // of the step at work
	app      string
	painted  bool
	spoke    time.Time
	pending  string // of Write: the beginning of a line

	stop chan struct{}
	done sync.WaitGroup
}

// Intervals of the line at the bottom and of the lines of a log.
const (
	repaint = 200 * time.Millisecond
	logged  = 10 * time.Second
)

func newScreen(w io.Writer) *screen {
	s := &screen{out: w, began: time.Now(), width: 100, stop: make(chan struct{})}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.terminal = true
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 20 {
			s.width = width
		}
	}
	return s
}

// watch begins to tell how the application is doing.
func (s *screen) watch(f *traffic.Fleet) {
	s.done.Go(func() {
		t := time.NewTicker(repaint)
		defer t.Stop()
		for {
			select {
			case <-s.stop:
				return
			case <-t.C:
				s.update(f.Report())
			}
		}
	})
}

func (s *screen) update(r traffic.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rate := float64(r.Transactions) / max(r.Elapsed.Seconds(), .1)
	s.app = fmt.Sprintf("app %.0f tx/s · p99 %s · longest %s · errors %d", rate, r.P99.Round(100*time.Microsecond), r.Longest.Took.Round(time.Millisecond), r.Errors)
	s.repaint()
}

func (s *screen) close() {
	close(s.stop)
	s.done.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
}

// title opens a part.
func (s *screen) title(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	s.progress = ""
	text := fmt.Sprintf(format, args...)
	if s.terminal {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	fmt.Fprintf(s.out, "%5.1fs  %s\n", time.Since(s.began).Seconds(), text)
	s.spoke = time.Now()
}

// line tells one thing.
func (s *screen) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	fmt.Fprintf(s.out, "        %s\n", fmt.Sprintf(format, args...))
	s.spoke = time.Now()
}

// at tells how far the step at work is; empty: it is done.
func (s *screen) at(progress string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = progress
	s.repaint()
}

// Write takes what the server's start tells, by the line.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	s.pending += string(b)
	lines := strings.Split(s.pending, "\n")
	s.pending = lines[len(lines)-1]
	s.mu.Unlock()
	for _, l := range lines[:len(lines)-1] {
		s.line("%s", strings.TrimSpace(l))
	}
	return len(b), nil
}

func (s *screen) repaint() {
	text := strings.TrimPrefix(strings.TrimSuffix(s.progress+" · "+s.app, " · "), " · ")
	if s.terminal {
		s.wipe()
		text = "        " + text
		if r := []rune(text); len(r) >= s.width {
			text = string(r[:s.width-1])
		}
		fmt.Fprint(s.out, text)
		s.painted = true
		return
	}
	if time.Since(s.spoke) >= logged && text != "" {
		fmt.Fprintf(s.out, "        %s\n", text)
		s.spoke = time.Now()
	}
}

func (s *screen) wipe() {
	if s.painted {
		fmt.Fprint(s.out, "\r\x1b[K")
		s.painted = false
	}
}
