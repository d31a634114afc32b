package gate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Instances is a system that knows which instances of the application run: exactly one of Kubernetes
// and Fleet is set.
type Instances struct {
	Kubernetes *Kubernetes `yaml:"kubernetes"`
	Fleet      *Fleet      `yaml:"fleet"`
}

func (i Instances) validate() error {
	if (i.Kubernetes == nil) == (i.Fleet == nil) {
		return errors.New("want exactly one of kubernetes and fleet")
	}
	if i.Kubernetes != nil {
		return i.Kubernetes.validate()
	}
	return nil
}

func (i Instances) kind() string {
	if i.Kubernetes != nil {
		return "kubernetes"
	}
	return "fleet"
}

// Session is somebody's session on the target or on a replica.
type Session struct {
	ID     string `json:"id"`
	Name   string `json:"name"` // application_name, or the connection attribute program_name
	User   string `json:"user,omitempty"`
	Client string `json:"client,omitempty"`
}

// instance is one that runs, or that may be started at any time.
type instance struct {
	Name     string `json:"name"`
	Revision string `json:"revision"`
}

// roll are the settings of old_instances_gone.
type roll struct {
	sources     []string
	app         string
	new, ignore []string
}

// sessionsSource is the word for the database's own sessions among the sources.
const sessionsSource = "sessions"

func rollOf(p map[string]any) (r roll, err error) {
	if r.sources, err = words(p, "sources"); err != nil {
		return r, err
	}
	if r.new, err = patterns(p, "new"); err != nil {
		return r, err
	}
	if r.ignore, err = patterns(p, "ignore"); err != nil {
		return r, err
	}
	r.app = text(p, "app", "")
	switch {
	case len(r.sources) < 2:
		return r, errors.New("setting sources: at least two, like [sessions, cluster]: one alone can miss an instance")
	case len(r.new) == 0:
		return r, errors.New("setting new: list the revisions that may run, as v42* or a digest")
	case slices.Contains(r.sources, sessionsSource) && r.app == "":
		return r, errors.New("setting app: what stands before the revision in the names of the application's sessions, as shop@")
	}
	return r, nil
}

// words reads a list of different words.
func words(p map[string]any, name string) ([]string, error) {
	v, ok := p[name]
	if !ok {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("setting %s: want a list, got %v", name, v)
	}
	var out []string
	for _, x := range list {
		s, ok := x.(string)
		if !ok || s == "" || slices.Contains(out, s) {
			return nil, fmt.Errorf("setting %s: want a list of different words, got %v", name, v)
		}
		out = append(out, s)
	}
	return out, nil
}

func patterns(p map[string]any, name string) ([]string, error) {
	list, err := words(p, name)
	for _, s := range list {
		if _, bad := path.Match(s, ""); bad != nil {
			return nil, fmt.Errorf("setting %s: %q is no pattern like v42*", name, s)
		}
	}
	return list, err
}

func matches(list []string, s string) bool {
	return slices.ContainsFunc(list, func(p string) bool {
		ok, _ := path.Match(p, s) // patterns were checked
		return ok
	})
}

// oldInstancesGone passes when at least two independent sources agree that nothing of an old
// revision runs or can be started. Old is what isn't new: a revision that nobody thought of counts. One source that
// sees an old one is enough for a no; one that can't tell keeps the gate shut. Settings: sources (names of instances in phasemig.yaml,
// and the word sessions), new (patterns of revisions), app (what session names begin with), ignore (patterns of names of other
// sessions).
func oldInstancesGone(ctx context.Context, in Input) (Verdict, error) {
	r, err := rollOf(in.Ref.Params)
	if err != nil {
		return Verdict{}, err
	}
	evidence := map[string]any{"new": r.new}
	kinds := map[string]bool{}
	var old, unsure []string
	for _, name := range r.sources {
		kind, list, err := r.ask(ctx, in, name)
		kinds[kind] = true
		seen := map[string]any{"kind": kind, "revisions": count(list)}
		evidence[name] = seen
		var left []instance
		for _, i := range list {
			if !matches(r.new, i.Revision) {
				left = append(left, i)
				old = append(old, fmt.Sprintf("%s of revision %q (%s)", i.Name, i.Revision, name))
			}
		}
		if left != nil {
			seen["old"] = left
		}
		if err == nil && len(list) == 0 {
			err = errors.New("it knows no instance at all")
		}
		if err != nil {
			seen["unsure"] = err.Error()
			unsure = append(unsure, name+": "+err.Error())
		}
	}
	switch {
	case len(old) > 0:
		return Failed("old instances are left: "+few(old), evidence), nil
	case len(unsure) > 0:
		return Unsure(few(unsure), evidence), nil
	case len(kinds) < 2:
		return Unsure(fmt.Sprintf("all sources are of the kind %s; two that are independent must agree", slices.Collect(maps.Keys(kinds))[0]), evidence), nil
	}
	return Passed(fmt.Sprintf("%s agree that only %s runs", strings.Join(r.sources, " and "), strings.Join(r.new, ", ")), evidence), nil
}

// ask reads one source. What it read stands beside an error, too.
func (r roll) ask(ctx context.Context, in Input, name string) (kind string, list []instance, err error) {
	if name == sessionsSource {
		list, err = r.sessions(ctx, in)
		return sessionsSource, list, err
	}
	source, ok := in.Targets.Instances[name]
	if !ok {
		return "", nil, fmt.Errorf("it is not defined under instances in this runner's phasemig.yaml")
	}
	if source.Kubernetes != nil {
		list, err = source.Kubernetes.instances(ctx)
	} else {
		list, err = source.Fleet.instances(ctx, in)
	}
	return source.kind(), list, err
}

// sessions reads those of the target and of each named replica. A session that doesn't say whose it is may be an old
// instance's.
func (r roll) sessions(ctx context.Context, in Input) ([]instance, error) {
	all, err := in.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	if !in.Plan.Replicas.None() {
		for _, name := range in.Plan.Replicas {
			err := with(ctx, in, name, func(x Replica) error {
				list, err := x.Sessions(ctx)
				all = append(all, list...)
				return err
			})
			if err != nil {
				return r.instances(all), fmt.Errorf("replica %s: %w", name, err)
			}
		}
	}
	var strange []string
	for _, s := range all {
		if !strings.HasPrefix(s.Name, r.app) && !matches(r.ignore, s.Name) {
			strange = append(strange, fmt.Sprintf("%s %q of %s", s.ID, s.Name, s.User))
		}
	}
	if strange != nil {
		return r.instances(all), fmt.Errorf("sessions that don't say whose they are: %s; give them an application name that begins with %s, or list them under ignore", few(strange), r.app)
	}
	return r.instances(all), nil
}

func (r roll) instances(all []Session) (out []instance) {
	for _, s := range all {
		if revision, ok := strings.CutPrefix(s.Name, r.app); ok {
			out = append(out, instance{"session " + s.ID + " of " + s.User, revision})
		}
	}
	return out
}

func count(list []instance) map[string]int {
	out := map[string]int{}
	for _, i := range list {
		out[i.Revision]++
	}
	return out
}

// few joins the first ones.
func few(list []string) string {
	const shown = 5
	if len(list) <= shown {
		return strings.Join(list, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(list[:shown], "; "), len(list)-shown)
}

// Fleet is an address that lists the instances: a JSON array of {"instance", "revision", "last_seen"}.
type Fleet struct {
	HTTP `yaml:",inline"`
	// StaleAfter is how long ago an instance was seen last that counts as gone; 0: never.
	StaleAfter time.Duration `yaml:"stale_after"`
}

func (f Fleet) instances(ctx context.Context, in Input) ([]instance, error) {
	status, body, err := f.ask(ctx, in)
	if err != nil {
		return nil, err
	}
	if !f.good(status) {
		return nil, fmt.Errorf("status %d", status)
	}
	var list []struct {
		Instance string `json:"instance"`
		Revision string `json:"revision"`
		LastSeen string `json:"last_seen"`
	}
	if err := (answer{body: body}).into(&list); err != nil {
		return nil, err
	}
	var out []instance
	for _, i := range list {
		if i.Instance == "" || i.Revision == "" {
			return out, errors.New("an entry has no instance or no revision")
		}
		if i.LastSeen != "" && f.StaleAfter > 0 {
			at, err := moment(i.LastSeen)
			if err != nil {
				return out, fmt.Errorf("last_seen of %s: %w", i.Instance, err)
			}
			if in.Now.Sub(at) > f.StaleAfter {
				continue
			}
		}
		out = append(out, instance{i.Instance, i.Revision})
	}
	return out, nil
}
