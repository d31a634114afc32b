// Package dialect bundles the small interfaces that the engine's parts define,
// one struct for one open database. It holds no logic and no word of any server.
//
// dialect/mysql and dialect/postgres fill the struct and mirror each other file by
// file; neither knows the other. dialect/sqlstate holds the state tables'
// statements that both share; dialect/dialecttest is the suite that every server
// must pass. Start reading at Database.
package dialect
