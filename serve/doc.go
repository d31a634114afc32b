// Package serve lets orchestrators, and people with a browser, do over HTTP what the command line does:
// the same calls of engine, on the targets that the server's own configuration names.
//
// It promises:
//
//  1. A request is somebody's. Each carries a bearer token whose name is the person that the engine stores as
//     creator of a run and giver of an approval; without one nothing but liveness, the OpenAPI document
//     and the page's static files is answered. Only hashes of tokens are kept.
//  2. A request names an environment of the configuration and never an address, a program or a file. What gates call is
//     resolved by gate from the same configuration.
//  3. One operation works on a run at a time. POST starts it or attaches to the one that does the same; it goes on when
//     its caller is gone. Its end is where the run stands in the target's state; what this process remembers beside that
//     (operations, idempotency keys, progress) may be lost at any moment without loss of work.
//  4. When Run's context ends, operations stop at their next safe point as the command line does, and can be
//     called again.
//  5. Errors are problem documents (RFC 9457) with the class, exit code and hint that the command line gives.
//
// It decides nothing about a schema, holds no lease between operations, and keeps no state of its own on disk. The table in
// routes.go lists all that is answered; openapi.go describes it from that table. Start reading at Server.Run.
package serve
