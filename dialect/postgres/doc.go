// Package postgres is PostgreSQL, from version 13 on, as phasemig's engine sees it.
//
// It owns every word of SQL that is sent to such a server and mirrors package
// mysql file by file: open, quote, errors, server, catalog and facts read; rules*
// decide and render, purely; steps carry out; columns and key work on the rows of
// a column sync; trigger holds the function that keeps both sides in step; locks,
// load, preflight, doctor, replica and artifacts watch. shadow* keep a table and its
// shadow in step, which no plan for this server uses yet.
//
// What it rests on:
//
//  1. DDL is transactional: each step but a concurrent index build is one
//     transaction that also share-locks the lease's row, so a step is done or not
//     begun, and a stale runner can't commit one.
//  2. Equality is that of the stored bytes (record_image_eq), which no collation
//     or operator class of a user can bend.
//  3. Rows are found by their key and locked with SKIP LOCKED before they are
//     written, so an application never waits for a chunk that waits for it.
//
// It keeps no state of its own (package sqlstate does) and decides nothing about
// the order of steps. Start reading at Open.
package postgres
