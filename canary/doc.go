// Package canary judges a release from the measurements of instances with the new code beside
// instances with the old one, and says PROMOTE, MANUAL or ROLLBACK, with every number behind it.
//
// It is pure: no database, no clock, no randomness, no network. The same configuration and the same
// data give the same verdict. Readers of data are in package source. It promises:
//
//  1. An unknown column or table on the canary is ROLLBACK at once, whatever the statistics say.
//  2. A metric is worse only if a test says so after correction for the number of metrics: a healthy
//     release raises a false alarm with a chance of about alpha, however many metrics there are.
//  3. A metric passes only if a worsening would have shown. Too few points, too few events, missing
//     data are inconclusive, never a pass, and the advice says with numbers what would help.
//  4. NaN and infinities are refused, not guessed about.
//
// Series of values are compared by ranks (Mann-Whitney, with the Hodges-Lehmann shift and its
// interval), events by Fisher's exact test and the bounds of Clopper and Pearson. Both are weakened by
// how much the points hang together in time. docs/canary.md explains it to users and holds the rates of
// false and of missed alarms, which a test simulates.
//
// It doesn't fetch data, wait, or act on its verdict. Start reading at Judge, then trial.series and
// trial.rates.
package canary
