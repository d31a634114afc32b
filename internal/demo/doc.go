// Package demo shows the main job on a server of its own: users.full_name becomes
// display_name in a table of 300,000 rows while an old and a new version of an
// application write to it.
//
// It goes the way of the command line: a change file, a plan, expand, gates,
// switch, the old version stopped, an approval, contract. It promises three things: the
// server and its directory are gone when Run returns, whatever ended it; an
// application error, a row that is not what the application committed, or a
// difference between the two columns is an error of Run; Out gets the report
// and nothing else.
//
// It names no dialect: the opener comes in through Options. Start reading at Run.
package demo
