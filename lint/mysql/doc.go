// Package mysql knows what a statement does on MySQL 5.7 to 9.x and on MariaDB 10.4 and later, on InnoDB tables: whether it
// is INSTANT, in place beside writes, in place while writes wait, or a copy while writes wait; what it breaks for running clients,
// and when it fails.
//
// It owns the reader (read*.go), the costs of each clause of ALTER TABLE by server and version (cost*.go), the rules (one
// file each, listed in rules.go), and the simulation that they are judged against (apply.go). The reader works on
// tokens and not on a third party's grammar: none reads all that the two servers do, and one that reads most of it
// would still need this one beside it. What the reader doesn't know is "not judged".
//
// The costs were asked of the servers themselves: MySQL 9.7 and MariaDB 10.11 were given each clause with ALGORITHM and LOCK, from the
// cheapest on, until one was taken. truth_test.go asks again. What holds for older versions is from MySQL's manual,
// "Online DDL Operations", and MariaDB's "InnoDB Online DDL".
package mysql
