// Command grade grades a class of students who each deploy a service on a
// shared Docker Swarm behind HAProxy. "grade help" tells what it can do.
package main

import "os"

func main() {
	os.Exit(command{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
	}.Main(os.Args[1:]))
}
