// Package faultnet is a TCP proxy in front of a server that can do to its connections what networks do.
//
// It cuts connections, resets them in the middle of an answer, delays them, swallows what is sent in both directions
// or on the way back alone, refuses new ones, and leads them to another server, as a failover does. What it lets
// through arrives whole, once and in order: bytes that come twice or in another order are seen by no program,
// because TCP itself puts them right. What a network can duplicate is a connection's attempt, and what a program
// can lose is the answer: that is PauseAnswers, behind which a statement is done and nobody has heard of it.
//
// It is used by tests and stands in no program. The well-known github.com/Shopify/toxiproxy (2.5.0) was looked at: its
// black hole throws away what it swallows, so that a connection can't go on where it was, its reset comes after
// a time and not after so many bytes of an answer, and it can't tell a client another thread id.
package faultnet
