package mysql

import "testing"

// TestReadDefinition: no statement reaches out of the database that it is run in.
func TestReadDefinition(t *testing.T) {
	for q, want := range map[string]string{
		"CREATE TABLE a (b decimal(5,2) DEFAULT 1.5, c text COMMENT 'x.y')": "run",
		"ALTER TABLE a ADD KEY (b)":                                         "run",
		"CREATE UNIQUE INDEX c ON a (b)":                                    "run",
		"CREATE TABLE `a` (b int) /*!50100 PARTITION BY KEY (b) */":         "run",
		"CREATE TABLE a (directory int)":                                    "run",
		"SET foreign_key_checks = 0":                                        "nothing",
		"DROP TABLE IF EXISTS a":                                            "nothing",
		"/*!40101 SET character_set_client = utf8 */":                       "nothing",
		"CREATE TABLE x.a (b int)":                                          "wrong",
		"CREATE TABLE `x`.`a` (b int)":                                      "wrong",
		"CREATE TABLE x . a (b int)":                                        "wrong",
		"CREATE TABLE \"x\".\"a\" (b int)":                                  "wrong",
		"ALTER TABLE 1x.a DROP b":                                           "wrong",
		"ALTER TABLE 1e5.a DROP b":                                          "wrong",
		"CREATE TABLE a (b double DEFAULT 1.5e3)":                           "run",
		"ALTER TABLE x.a ADD b int":                                         "wrong",
		"CREATE TABLE a LIKE x.a":                                           "wrong",
		"CREATE TABLE a (b int, FOREIGN KEY (b) REFERENCES x.a (b))":        "wrong",
		"CREATE TABLE a SELECT * FROM b":                                    "wrong",
		"ALTER TABLE a RENAME TO b":                                         "wrong",
		"ALTER TABLE a /*!50000 RENAME TO x.b */":                           "wrong",
		"CREATE TABLE a (b int) DATA DIRECTORY '/tmp'":                      "wrong",
		"DROP TABLE a":                                                      "wrong",
		"DROP DATABASE IF EXISTS a":                                         "wrong",
		"USE x":                                                             "wrong",
		"INSERT INTO a VALUES (1)":                                          "wrong",
	} {
		d := readDefinition(q)
		got := "run"
		switch {
		case d.wrong != "":
			got = "wrong"
		case d.nothing:
			got = "nothing"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", q, got, want)
		}
	}
}
