// Package drill is what a drill of a plan is made of, apart from the servers: in which order phases are carried out and
// taken back, which code of the application must work in which state, what was measured, how the times go on for a
// larger table, and the sealed file in which all of that goes to the gate "drill".
//
// A Result says that a drill passed only when every move went through, every check that had to pass did, and each rollback
// left schema and rows as they were. Its seal covers every field, and with them the plan's hash. Without a key it shows
// that the file was changed; only with a key also that its writer knew that key.
//
// Forecasts are a line through what was measured, with an interval where there are enough points for one. Nothing is said
// beyond that: one size gives none.
//
// The package is pure: it asks no server, no clock and no file. Package drill/report writes a Result for people,
// internal/practice runs the drill.
package drill
