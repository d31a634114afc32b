// Package mysql is the dialect for MySQL 8.0.23 and later and for MariaDB 10.6 and
// later. Open gives a dialect.Database; everything else here serves one of the
// interfaces bundled in it.
//
// The two servers share one code. They are told apart in one place (server.go),
// where the version becomes capabilities (schema.Features); everything after that
// asks for a capability. What a plan's steps need of the catalog is put into
// plans.Sync.Extra when the plan is made, so that the same plan gives the same
// SQL at any later time.
//
// Facts of these servers that the code rests on:
//
//  1. DDL commits by itself. A step of several statements can be cut in two at any
//     of them, so every statement has a test on the catalog that tells whether it
//     was done (action.done); a step goes on by running those that weren't.
//  2. Names can be exchanged and triggers replaced under LOCK TABLES without
//     anybody seeing a moment between. START TRANSACTION would give up the locks
//     silently, so under them nothing but DDL and plain reads is run.
//  3. A trigger keeps the sql_mode and the collation of the session that made it, and
//     fails every write when its definer is gone.
//  4. Under READ COMMITTED a locking read in a materialised derived table locks just
//     the rows it returns and skips those of others; the UPDATE joined to it finds
//     its rows by key and locks nothing more.
//  5. Identifiers hold characters of the basic multilingual plane only.
//
// Start reading at open.go, then rules.go for what is planned, steps.go for how it
// is carried out, columns.go for the rows.
package mysql
