package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// object is a mapping of a manifest. Marshallers write its keys in order.
type object = map[string]any

// list is a sequence of a manifest.
type list = []any

// yamlFile joins documents into one file. Each line of the head becomes a comment.
func (m *maker) yamlFile(name, head string, documents ...object) (File, error) {
	var b bytes.Buffer
	for _, l := range strings.Split(m.origin()+"\n"+head, "\n") {
		b.WriteString(strings.TrimRight("# "+l, " ") + "\n")
	}
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	for _, d := range documents {
		if err := e.Encode(d); err != nil {
			return File{}, fmt.Errorf("write %s: %w", name, err)
		}
	}
	if err := e.Close(); err != nil {
		return File{}, fmt.Errorf("write %s: %w", name, err)
	}
	return File{name, b.String()}, nil
}

func jsonFile(name string, document object) (File, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(document); err != nil {
		return File{}, fmt.Errorf("write %s: %w", name, err)
	}
	return File{name, b.String()}, nil
}

// origin says what a file was made from.
func (m *maker) origin() string {
	return fmt.Sprintf("Made by phasemig pipeline generate from the plan %s, run %s,\nhash %s.", m.plan.Name, m.plan.ID, m.plan.Hash)
}

// files collects manifests until the first error.
type files struct {
	list []File
	err  error
}

func (f *files) add(one File, err error) {
	if f.err == nil {
		f.list, f.err = append(f.list, one), err
	}
}
