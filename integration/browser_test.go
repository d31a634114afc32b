package integration

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
)

// browser is a headless Chromium with one tab, driven by the DevTools protocol over a pair of pipes.
type browser struct {
	t       *testing.T
	cmd     *exec.Cmd
	to      *os.File
	session string

	mu      sync.Mutex
	last    int
	waiting map[int]chan cdpMessage
	wrong   []string // errors and warnings of the page
	reading sync.WaitGroup
}

// cdpMessage is an answer or an event of the protocol.
type cdpMessage struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// newBrowser starts a Chromium for the rest of the test.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path := dbtest.Chromium(t)
	theirIn, to, err := os.Pipe()
	from, theirOut, err2 := os.Pipe()
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, to: to, waiting: map[int]chan cdpMessage{}}
	b.cmd = exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-extensions",
		"--remote-debugging-pipe", "--window-size=1280,1400", "--user-data-dir="+t.TempDir(), "about:blank")
	b.cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4, where Chromium reads and writes
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	b.reading.Go(func() { b.read(from) })
	t.Cleanup(b.close)
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Performance"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

func (b *browser) close() {
	b.session = ""
	b.send("Browser.close", nil) // its answer may not come any more
	kill := time.AfterFunc(10*time.Second, func() { _ = b.cmd.Process.Kill() })
	defer kill.Stop()
	_ = b.cmd.Wait() // how it ends says nothing of the page
	b.to.Close()
	b.reading.Wait()
}

// read takes messages, each of which ends in a zero byte.
func (b *browser) read(from *os.File) {
	defer from.Close()
	for r := bufio.NewReaderSize(from, 1<<20); ; {
		text, err := r.ReadBytes(0)
		if err != nil {
			return // Chromium has ended
		}
		var m cdpMessage
		if err := json.Unmarshal(text[:len(text)-1], &m); err != nil {
			continue
		}
		b.take(m)
	}
}

func (b *browser) take(m cdpMessage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.ID != 0 {
		b.waiting[m.ID] <- m
		delete(b.waiting, m.ID)
		return
	}
	var e struct {
		Type  string
		Entry struct{ Level, Text, URL string }
	}
	_ = json.Unmarshal(m.Params, &e) // other events look otherwise and are nothing to us
	switch {
	case m.Method == "Runtime.exceptionThrown",
		m.Method == "Runtime.consoleAPICalled" && (e.Type == "error" || e.Type == "warning" || e.Type == "assert"),
		m.Method == "Log.entryAdded" && (e.Entry.Level == "error" || e.Entry.Level == "warning"):
		b.wrong = append(b.wrong, fmt.Sprintf("%s %s", m.Method, m.Params))
	}
}

// send sends a command; its answer comes on the channel.
func (b *browser) send(method string, params map[string]any) chan cdpMessage {
	b.t.Helper()
	answer := make(chan cdpMessage, 1)
	b.mu.Lock()
	b.last++
	b.waiting[b.last] = answer
	message := map[string]any{"id": b.last, "method": method}
	b.mu.Unlock()
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	text, err := json.Marshal(message)
	if err == nil {
		_, err = b.to.Write(append(text, 0))
	}
	if err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	return answer
}

// call sends a command and reads its result.
func (b *browser) call(method string, params map[string]any, into any) {
	b.t.Helper()
	select {
	case m := <-b.send(method, params):
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if into != nil {
			if err := json.Unmarshal(m.Result, into); err != nil {
				b.t.Fatalf("%s: %v: %s", method, err, m.Result)
			}
		}
	case <-time.After(patience):
		b.t.Fatalf("%s: no answer", method)
	}
}

// eval is the value of an expression in the page.
func (b *browser) eval(expression string) any {
	b.t.Helper()
	var r struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &r)
	if r.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, r.ExceptionDetails)
	}
	return r.Result.Value
}

// until waits for an expression to be true.
func (b *browser) until(expression string) {
	b.t.Helper()
	waitFor(b.t, expression, func() bool { return b.eval(expression) == true })
}

// key presses a key that has no text of its own, but Enter.
func (b *browser) key(name string, code int) {
	b.t.Helper()
	down := map[string]any{"type": "rawKeyDown", "key": name, "code": name, "windowsVirtualKeyCode": code}
	if name == "Enter" {
		down["type"], down["text"] = "keyDown", "\r"
	}
	b.call("Input.dispatchKeyEvent", down, nil)
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": name, "code": name, "windowsVirtualKeyCode": code}, nil)
}

func (b *browser) enter() { b.t.Helper(); b.key("Enter", 13) }

// text types into what has the focus.
func (b *browser) text(s string) {
	b.t.Helper()
	b.call("Input.insertText", map[string]any{"text": s}, nil)
}

// screenshot keeps a picture of the whole page where -artifacts keeps them.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &shot)
	image, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+".png"), image, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// memory is what the page holds after a collection of garbage: bytes of its heap, and nodes of its documents.
func (b *browser) memory() (heap, nodes float64) {
	b.t.Helper()
	b.call("HeapProfiler.collectGarbage", nil, nil)
	var r struct {
		Metrics []struct {
			Name  string
			Value float64
		}
	}
	b.call("Performance.getMetrics", nil, &r)
	for _, m := range r.Metrics {
		switch m.Name {
		case "JSHeapUsedSize":
			heap = m.Value
		case "Nodes":
			nodes = m.Value
		}
	}
	return heap, nodes
}

// clean fails if the page said that something is wrong.
func (b *browser) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.wrong {
		b.t.Errorf("the console: %s", w)
	}
	b.wrong = nil
}
