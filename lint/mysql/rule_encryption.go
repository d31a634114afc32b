package mysql

import "github.com/phasemig/phasemig/lint"

var encryption = rule{lint.Rule{
	ID: "encryption", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "a table is encrypted or decrypted by a copy while writes wait",
	Why:     "The whole table is written anew. A table in a file of its own is better copied beside its traffic into an encrypted one.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ENCRYPTION = 'Y';"}, {Schema: "CREATE TABLE t (a int) ENCRYPTION='Y';", SQL: "ALTER TABLE t ENCRYPTION = 'N';"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t COMPRESSION = 'zlib';"}, {SQL: "CREATE TABLE f (a int) ENCRYPTION = 'Y';"}},
}, blocking(func(c *call, p priced) string {
	return "Copy the table beside its traffic into an encrypted one, and exchange the names."
})}
