// Package source reads the measurements that package canary judges: CSV and JSON files, and
// Prometheus by its HTTP API.
//
// It promises that a gap stays a gap: an empty cell, a null and Prometheus's NaN are left out and never
// become zero, an infinity is an error, and a query that finds several series is one, too. What it
// returns has times in order. It judges nothing, retries nothing, and keeps a token out of URLs and
// errors. Start reading at CSV, JSON or Prometheus.Read.
package source
