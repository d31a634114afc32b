// Package dialecttest is the conformance suite: what every server must do behind
// dialect.Database, told in neutral terms and run on real servers. A new
// behaviour of the seam enters here first.
//
// The oracle is the server: cases compare catalogs and stored bytes read by a
// plain connection that knows nothing of phasemig. Start at Exercise.
package dialecttest
