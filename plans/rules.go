package plans

import "github.com/phasemig/phasemig/schema"

// Rules is what a dialect knows about its server's SQL, without a connection.
// Every method is pure.
type Rules interface {
	// Resolve completes a sync whose operation, table and column names are set:
	// types, collations, mapping SQL where the change gives none, Fallible,
	// Bijective, Relax and hidden names, Extra. It refuses what the server can't
	// do safely this way (*RefusedError) and what can't be meant (*InputError).
	Resolve(f *Facts, t *schema.Table, s *Sync) error
	// Twins lists what the old columns carry, in building order, with the names
	// and definitions for the new columns. It refuses what can't be doubled.
	Twins(f *Facts, t *schema.Table, s *Sync) ([]Twin, error)
	// Render fills a step: SQL, Undo, Mode, Lock, Rewrites, Scans, Because,
	// Estimate. It returns false when the step isn't needed on this server, and
	// the plan leaves it out. planID names the run in the comments of what the
	// step creates.
	Render(f *Facts, t *schema.Table, s *Sync, planID string, st *Step) (bool, error)
	// NativeWays lists the ways in which the server does an ALTER TABLE by itself,
	// the cheapest first.
	NativeWays(f *Facts, t *schema.Table, seen *AlterFacts) []NativeWay
	// Alter completes an ALTER TABLE whose way is decided: key, columns, unique
	// keys, result. It refuses what can't be done that way (*RefusedError).
	Alter(f *Facts, t *schema.Table, seen *AlterFacts, a *Alter) error
	// RenderAlter is Render for the steps of an ALTER TABLE.
	RenderAlter(f *Facts, t *schema.Table, a *Alter, planID string, st *Step) (bool, error)
	// Copies is how many tables one run can copy and follow.
	Copies() int
	// Quote writes an identifier as the server wants it.
	Quote(name string) string
	// NameLimit is the longest identifier, and whether it counts bytes (or else
	// characters).
	NameLimit() (limit int, bytes bool)
	// AsAlter gives the clause of an ALTER TABLE that an operation is done by on this
	// server; "" where it is a column sync.
	AsAlter(f *Facts, t *schema.Table, o Operation) (string, error)
	// Recipe completes a recipe: the steps with their acts, what they touch, settings, notes. It refuses
	// what this server has no way for that blocks nobody (*RefusedError). planID names the run in the
	// comments of what is there for a while only.
	Recipe(f *Facts, t *schema.Table, o Operation, planID string, r *Recipe) error
}
