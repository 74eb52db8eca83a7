// Package swarm reads a Docker Swarm and turns what the engines say into
// evidence. It is the only importer of the Docker client outside the fixtures.
//
// A [Cluster] is one swarm seen through one or more engines. Every engine is
// asked for the containers it runs, so an endpoint a node shows the stand-alone
// HAProxy containers on each; the swarm's own objects are asked of one manager,
// and of the next one when it dies.
//
// Whatever an engine hands over may come from a student: answers are bounded in
// size, strings are clipped, lists are cut, and nothing is executed.
package swarm
