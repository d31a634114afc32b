// Package pipeline writes the manifests by which an orchestrator carries out a plan: one file an
// orchestrator, all as a pure function of the plan and a few names.
//
// It promises:
//
//  1. Expand, switch and contract are steps of their own, and contract stands in a file of its own, for a later revision of
//     the application.
//  2. Every step is a call of phasemig apply that may be made again: exit codes 6 and 75 are tried again, all others end
//     the step. Where the orchestrator has a pause of its own contract stands behind one.
//  3. Secrets are named, never held. A manifest is made by a marshaller, so no value of a plan can break out of its place.
//  4. The same plan and options give the same bytes.
//
// It knows nothing of a cluster and applies nothing; what a manifest is to be joined with (the Rollout, the Canary, the
// deploy job of a workflow) is the reader's, and the comment at the head of each file says how. Start reading at Generate.
package pipeline
