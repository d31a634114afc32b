package mysql

import "github.com/phasemig/phasemig/lint"

var convertCharset = rule{lint.Rule{
	ID: "convert-charset", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "CONVERT TO CHARACTER SET copies the table while writes wait",
	Why:     "Every text column is written anew. From utf8mb3 to utf8mb4, or to another collation of the same character set, the columns stay where they are, if no index holds them and no VARCHAR crosses 255 bytes; that is told where the schema is known. DEFAULT CHARACTER SET alone only changes what new columns get.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4;"}, {Schema: "CREATE TABLE t (v varchar(20)) CHARSET=latin1;", SQL: "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t DEFAULT CHARACTER SET utf8mb4;"}, {Schema: "CREATE TABLE t (v varchar(20)) CHARSET=utf8mb3;", SQL: "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4;"}},
}, blocking(func(c *call, p priced) string {
	return "Change one column after the other by a phasemig change (change_type), or copy the table beside its traffic."
})}
