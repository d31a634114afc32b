package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/plans"
)

// File is one manifest.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Options are what a plan doesn't know. Zero values mean the defaults named here.
type Options struct {
	// App is the application's name with the orchestrator: the Rollout, the Canary, the application of
	// Spinnaker. "app".
	App string
	// Image is a container image that has phasemig as its entry point. Needed by all that run Jobs.
	Image string
	// Secret of Kubernetes that holds the key "dsn", and "password" if that isn't in the URL. "phasemig".
	Secret string
	// Account of Kubernetes with Spinnaker. "kubernetes".
	Account string
	// Serve is the address of `phasemig serve`, which Flagger asks. "http://phasemig".
	Serve string
	// Environment is what that server's configuration calls the database. "prod".
	Environment string
	// PlanFile is the path of the plan in the repository, for GitHub Actions. "plan.json".
	PlanFile string
	// Version of phasemig that GitHub Actions installs. "latest".
	Version string
	// Wait is how long a step waits for gates and for another runner. 30 min.
	Wait time.Duration
	// Deadline ends a step that still works: at a safe point, to be called again. More than Wait; 5 h 50 min, a little
	// less than what GitHub gives a job.
	Deadline time.Duration
}

func (o Options) withDefaults() Options {
	o.App = cmp.Or(o.App, "app")
	o.Secret = cmp.Or(o.Secret, "phasemig")
	o.Account = cmp.Or(o.Account, "kubernetes")
	o.Serve = cmp.Or(o.Serve, "http://phasemig")
	o.Environment = cmp.Or(o.Environment, "prod")
	o.PlanFile = cmp.Or(o.PlanFile, "plan.json")
	o.Version = cmp.Or(o.Version, "latest")
	o.Wait = cmp.Or(o.Wait, 30*time.Minute)
	o.Deadline = cmp.Or(o.Deadline, 350*time.Minute)
	return o
}

// maker holds what all orchestrators need.
type maker struct {
	Options
	plan *plans.Plan
	name string // of everything that is made: a DNS label
	file string // the plan, as it is stored
}

// kind is an orchestrator: whether it runs Jobs of Kubernetes, and its manifests.
type kind struct {
	name string
	jobs bool
	make func(*maker) ([]File, error)
}

var kinds = []kind{
	{"argo-rollouts", true, (*maker).argoRollouts},
	{"argo-cd", true, (*maker).argoCD},
	{"flagger", true, (*maker).flagger},
	{"spinnaker", true, (*maker).spinnaker},
	{"github-actions", false, (*maker).gitHubActions},
}

// Orchestrators lists those that manifests can be made for.
func Orchestrators() []string {
	var out []string
	for _, k := range kinds {
		out = append(out, k.name)
	}
	return out
}

// ErrImage: the orchestrator runs containers, and no image was named.
var ErrImage = errors.New("the name of a container image that holds phasemig is needed")

// Generate makes the manifests for one orchestrator. Errors: ErrImage; a name that can't be one; a plan
// that is too large for a ConfigMap.
func Generate(orchestrator string, p *plans.Plan, o Options) ([]File, error) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == orchestrator })
	if i < 0 {
		return nil, fmt.Errorf("there is no orchestrator %q; there are %s", orchestrator, strings.Join(Orchestrators(), ", "))
	}
	m := &maker{Options: o.withDefaults(), plan: p}
	if err := m.check(kinds[i].jobs); err != nil {
		return nil, err
	}
	b, err := p.Encode()
	if err != nil {
		return nil, err
	}
	if m.file = string(b); kinds[i].jobs && len(b) > mostInConfigMap {
		return nil, fmt.Errorf("the plan has %d bytes, and a ConfigMap holds %d", len(b), mostInConfigMap)
	}
	m.name = label(p.Name, p.ID)
	return kinds[i].make(m)
}

// mostInConfigMap is what Kubernetes stores in one, less room for everything beside the plan.
const mostInConfigMap = 1<<20 - 1<<14

var (
	appName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)
	oneWord  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/@:+-]*$`)
	planName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	planID   = regexp.MustCompile(`^[0-9a-f]{12}$`)
	httpURL  = regexp.MustCompile(`^https?://[A-Za-z0-9.:/_\[\]-]+$`)
)

// check refuses what isn't a name where one belongs: names also go into comments, into shell variables and
// into expressions of the orchestrators.
func (m *maker) check(jobs bool) error {
	for _, n := range []struct {
		what, value string
		is          *regexp.Regexp
	}{
		{"the plan's name", m.plan.Name, planName}, {"the plan's id", m.plan.ID, planID}, {"application", m.App, appName}, {"secret", m.Secret, appName},
		{"account", m.Account, oneWord}, {"address of phasemig serve", m.Serve, httpURL}, {"environment", m.Environment, oneWord}, {"plan file", m.PlanFile, oneWord}, {"version", m.Version, oneWord},
	} {
		if !n.is.MatchString(n.value) {
			return fmt.Errorf("%s: %q is no such name", n.what, n.value)
		}
	}
	switch {
	case jobs && m.Image == "":
		return ErrImage
	case jobs && !oneWord.MatchString(m.Image):
		return fmt.Errorf("image: %q is no such name", m.Image)
	case m.Wait < 0 || m.Deadline <= m.Wait:
		return fmt.Errorf("the deadline (%s) must be later than the end of the waiting (%s)", m.Deadline, m.Wait)
	}
	return nil
}

// label is a name for objects of Kubernetes: the plan's, as far as there is room, and its run.
func label(name, id string) string {
	s := strings.Map(func(r rune) rune {
		if r == '.' || r == '_' {
			return '-'
		}
		return r
	}, strings.ToLower(name))
	return strings.TrimRight(fmt.Sprintf("%.30s", s), "-") + "-" + id
}
