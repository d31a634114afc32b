// Package scripts carries the shell scripts that an installed binary must be able to run.
package scripts

import _ "embed"

// Servers is servers.sh: it unpacks database servers into a private folder.
//
//go:embed servers.sh
var Servers []byte
