package cli

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// off is a setting that is commented out; "# words" are a comment.
var off = regexp.MustCompile(`(?m)^#(\S|  )`)

// TestInitIsTheReaders: the file that init writes is read as it stands, and with every setting switched on; it then
// holds every key that the reader knows, and by the reader's own strictness no other.
func TestInitIsTheReaders(t *testing.T) {
	text := strings.ReplaceAll(initText, "{{DSN}}", initDSN)
	if _, err := parseConfig([]byte(text)); err != nil {
		t.Errorf("as it is written: %v", err)
	}
	all := off.ReplaceAllString(text, "$1")
	config, err := parseConfig([]byte(all))
	if err != nil {
		t.Fatalf("with every setting on: %v\n%s", err, all)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(all), &doc); err != nil {
		t.Fatal(err)
	}
	seen := keys{}
	seen.find(reflect.TypeFor[Config](), []*yaml.Node{doc.Content[0]})
	for _, miss := range seen.missing() {
		t.Errorf("init.yaml has no word about %s", miss)
	}
	if config.Backfill.ChunkTarget != 150*time.Millisecond || config.Locks.Wait != time.Second || config.Environments["main"].DSN != initDSN {
		t.Errorf("read as %+v", config)
	}
}

// keys are those of each type of the configuration, and whether the document has them. A type that stands in several
// places, as that of an HTTP request, is explained in one of them.
type keys map[reflect.Type]map[string]bool

func (k keys) find(typ reflect.Type, nodes []*yaml.Node) {
	switch typ.Kind() {
	case reflect.Pointer:
		k.find(typ.Elem(), nodes)
	case reflect.Slice:
		k.find(typ.Elem(), children(nodes, yaml.SequenceNode, ""))
	case reflect.Map:
		k.find(typ.Elem(), children(nodes, yaml.MappingNode, ""))
	case reflect.Struct:
		if k[typ] == nil {
			k[typ] = map[string]bool{}
		}
		for i := range typ.NumField() {
			k.field(typ, typ.Field(i), nodes)
		}
	}
}

func (k keys) field(typ reflect.Type, f reflect.StructField, nodes []*yaml.Node) {
	name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if option == "inline" {
		k.find(f.Type, nodes)
		return
	}
	found := children(nodes, yaml.MappingNode, name)
	k[typ][name] = k[typ][name] || len(found) > 0
	k.find(f.Type, found)
}

func (k keys) missing() []string {
	var out []string
	for typ, list := range k {
		for name, ok := range list {
			if !ok {
				out = append(out, typ.Name()+"."+name)
			}
		}
	}
	return out
}

// children are the values under a key of every node, or all of them.
func children(nodes []*yaml.Node, kind yaml.Kind, key string) []*yaml.Node {
	var out []*yaml.Node
	for _, n := range nodes {
		if n.Kind != kind {
			continue
		}
		if kind == yaml.SequenceNode {
			out = append(out, n.Content...)
			continue
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key == "" || n.Content[i].Value == key {
				out = append(out, n.Content[i+1])
			}
		}
	}
	return out
}
