package cli

import (
	"bytes"
	"encoding/json"
	"strings"
)

// spinnakerLine is what Spinnaker looks for in the log of a Run Job stage; the keys of the object become
// the stage's outputs. The other form, SPINNAKER_PROPERTY_NAME=value, can't carry a value that holds "=".
// https://spinnaker.io/docs/guides/user/kubernetes/run-job-manifest/
const spinnakerLine = "SPINNAKER_CONFIG_JSON="

// endSpinnaker writes the facts of the result as that one line.
func (p *program) endSpinnaker(pr *problem) {
	values := map[string]string{}
	for _, f := range append(ended(pr), facts(p.result)...) {
		values["phasemig_"+f.name] = spinnakerValue(f.value)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(values) // strings by name: can't fail
	_, _ = p.Stdout.Write([]byte(spinnakerLine + p.redact(b.String())))
}

// spinnakerValue takes out of a value what Spinnaker would act on: "${" begins an expression that a later stage
// evaluates, and it finds its word for a property in the middle of a line, too.
func spinnakerValue(s string) string {
	return strings.ReplaceAll(noSpinnakerWord(clean(s)), "${", "$ {")
}
