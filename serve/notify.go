package serve

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/phasemig/phasemig/plans"
)

// Notifier is what is told when somebody has to act: an address that takes a POST of JSON, or a program that reads
// the same JSON from its standard input. Exactly one of URL and Argv is set.
type Notifier struct {
	URL       string            `yaml:"url"`
	HeaderEnv map[string]string `yaml:"header_env"` // header → environment variable that holds its value
	Argv      []string          `yaml:"argv"`
	Timeout   time.Duration     `yaml:"timeout"` // 10 s
}

// Validate returns what is wrong with it.
func (n Notifier) Validate() error {
	if (n.URL == "") == (len(n.Argv) == 0) {
		return errors.New("one of url and argv is needed")
	}
	return nil
}

// notification is what is told.
type notification struct {
	Event       string          `json:"event"` // waiting_for_approval, failed
	Environment string          `json:"environment"`
	Run         string          `json:"run"`
	Name        string          `json:"name"`
	Phase       plans.PhaseName `json:"phase,omitempty"`
	PlanHash    string          `json:"plan_hash"`
	Operation   string          `json:"operation"`
	Message     string          `json:"message"`
	Hint        string          `json:"hint,omitempty"`
	Class       string          `json:"class,omitempty"`
	At          time.Time       `json:"at"`
}

func (n notification) about(v Operation) notification {
	n.Environment, n.Run, n.Name, n.Phase, n.PlanHash, n.Operation, n.At = v.Environment, v.Run, v.Name, v.Phase, v.PlanHash, v.ID, time.Now().UTC()
	return n
}

// tellMissing tells once that an approval is missing: again only after one was given. A pipeline that asks every minute
// must not send a message every minute.
func (s *Server) tellMissing(ctx context.Context, o *operation) {
	if ctx.Err() != nil {
		return
	}
	o.mu.Lock()
	v, missing := o.view, o.unsaid
	o.mu.Unlock()
	key := "approval " + v.Environment + "/" + v.Run + "/" + string(v.Phase) + "/" + v.PlanHash
	if !missing {
		s.told.Delete(key)
		return
	}
	if _, before := s.told.LoadOrStore(key, true); !before {
		s.notify(notification{Event: "waiting_for_approval", Message: fmt.Sprintf("%s of %s waits for an approval", cmp.Or(v.Phase, "a phase"), v.Name),
			Hint: "look at plan and evidence, then approve by the page, the API or `phasemig approve`"}.about(v))
	}
}

// notify tells every notifier, beside the work. One that can't be told is logged; it holds nothing up.
func (s *Server) notify(n notification) {
	for i, to := range s.config.Notify {
		s.work.Go(func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(s.life), cmp.Or(to.Timeout, 10*time.Second))
			defer cancel()
			if err := to.tell(ctx, n); err != nil {
				s.config.Log.Error("notification failed", "notifier", i, "event", n.Event, "run", n.Run, "error", err)
			}
			return nil
		})
	}
}

func (n Notifier) tell(ctx context.Context, what notification) error {
	body, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	if n.URL == "" {
		return n.run(ctx, body)
	}
	return n.post(ctx, body)
}

func (n Notifier) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL can't be asked") // the error would repeat it, and chat hooks carry their secret in it
	}
	req.Header.Set("Content-Type", "application/json")
	for k, env := range n.HeaderEnv {
		req.Header.Set(k, os.Getenv(env))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no answer: %w", errors.Unwrap(err)) // what url.Error wraps doesn't name the URL
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode >= 300 {
		return fmt.Errorf("answer %d", resp.StatusCode)
	}
	return nil
}

func (n Notifier) run(ctx context.Context, body []byte) error {
	cmd := exec.CommandContext(ctx, n.Argv[0], n.Argv[1:]...)
	cmd.Stdin, cmd.WaitDelay = bytes.NewReader(body), 2*time.Second
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PHASEMIG_") { // what opens the database is none of its business
			cmd.Env = append(cmd.Env, v)
		}
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w", n.Argv[0], err)
	}
	return nil
}
