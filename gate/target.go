package gate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Targets are what gates may call beside the database, by the name that a plan
// uses. They come from phasemig.yaml alone.
type Targets struct {
	Commands map[string]Command `yaml:"commands"`
	HTTP     map[string]HTTP    `yaml:"http"`
	Flags    map[string]Flags   `yaml:"flags"`
	Backups  map[string]Backup  `yaml:"backups"`
	Canaries map[string]Canary  `yaml:"canaries"`
	Drills   map[string]Drill   `yaml:"drills"`
	// Instances are systems that know what runs.
	Instances map[string]Instances `yaml:"instances"`
}

// Validate returns all that is wrong with the targets by themselves.
func (t Targets) Validate() error {
	return errors.Join(each("flags", t.Flags), each("backups", t.Backups), each("canaries", t.Canaries), each("drills", t.Drills), each("instances", t.Instances))
}

func each[T interface{ validate() error }](kind string, all map[string]T) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := all[name].validate(); err != nil {
			errs = append(errs, fmt.Errorf("%s.%s: %w", kind, name, err))
		}
	}
	return errors.Join(errs...)
}

// Command is a program: exit 0 passes, 1 fails, anything else (75 by custom) is
// inconclusive. It gets PHASEMIG_RUN, PHASEMIG_PHASE and PHASEMIG_PLAN_HASH in its environment.
type Command struct {
	Argv    []string          `yaml:"argv"`
	Dir     string            `yaml:"dir"`
	Env     map[string]string `yaml:"env"`
	Timeout time.Duration     `yaml:"timeout"` // 60 s
}

// HTTP is a request. A status in Pass (200) passes, one in Fail (none)
// fails, every other answer is inconclusive. With Field, the value at that dotted path of the JSON
// answer decides instead: equal to Expect passes, anything else fails.
type HTTP struct {
	URL       string            `yaml:"url"`
	Method    string            `yaml:"method"` // GET
	Headers   map[string]string `yaml:"headers"`
	HeaderEnv map[string]string `yaml:"header_env"` // header → environment variable that holds its value
	Body      string            `yaml:"body"`
	Pass      []int             `yaml:"pass"`
	Fail      []int             `yaml:"fail"`
	Field     string            `yaml:"field"`
	Expect    string            `yaml:"expect"`
	Timeout   time.Duration     `yaml:"timeout"` // 10 s
}
