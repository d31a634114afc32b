package plans

import _ "embed"

//go:embed change.schema.json
var changeSchema []byte

// ChangeSchema is the JSON Schema of change files, for editors and for checks in
// a pipeline.
func ChangeSchema() []byte { return append([]byte(nil), changeSchema...) }
