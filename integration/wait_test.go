package integration

import (
	"strings"
	"syscall"
	"testing"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// waits starts a call that waits, and returns when it follows the one at work.
func (s *subject) waits(args ...string) *process {
	s.t.Helper()
	p := s.home.start(append([]string{"apply", "plan.json", "--phase", "expand", "--wait", "3m"}, args...)...)
	waitFor(s.t, "the second call to follow the first", func() bool {
		return strings.Contains(p.err.String(), "following") || strings.Contains(p.out.String(), "run_followed")
	})
	return p
}

// A second runner of the same phase follows the first one and ends as the run does.
func TestWaitFollows(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		first := s.home.start(slowly...)
		s.begun()
		second := s.waits("--output", "jsonl")
		first.wait().want(t, 0)
		c := second.wait()
		c.want(t, 0)
		for _, word := range []string{`"event":"run_followed"`, `"event":"progress"`, `"already":true`} {
			if !strings.Contains(c.stdout, word) {
				t.Errorf("%s is missing:\n%s", word, c.stdout)
			}
		}
		s.complete()
	})
}

// The one that follows goes on with the work when the first one dies.
func TestWaitTakesOver(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		first := s.home.start(slowly...)
		s.begun()
		second := s.waits()
		first.signal(syscall.SIGKILL)
		first.wait()
		second.wait().want(t, 0)
		s.complete()
	})
}

// The limit and SIGTERM end a call that follows, and not the run.
func TestWaitEnds(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		first := s.home.start(slowly...)
		s.begun()
		s.home.must(75, "apply", "plan.json", "--phase", "expand", "--wait", "100ms").says(t, "still at work", "follows it again")
		second := s.waits()
		second.signal(syscall.SIGTERM)
		second.wait().want(t, 75)
		first.wait().want(t, 0)
		s.complete()
	})
}

// Who works on another phase, or on another plan of the table, isn't followed.
func TestWaitIsForTheSame(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		s.home.write("other.yaml", "name: other\nreplicas: none\noperations:\n  - rename_column: {table: users, from: full_name, to: name}\n"+lifeGates)
		s.home.must(0, "plan", "--change", "other.yaml", "-o", "other.json")
		first := s.home.start(slowly...)
		s.begun()
		s.home.must(6, "apply", "plan.json", "--phase", "switch", "--wait", "1m")
		s.home.must(6, "apply", "other.json", "--phase", "expand", "--wait", "1m")
		first.wait().want(t, 0)
		s.complete()
	})
}
