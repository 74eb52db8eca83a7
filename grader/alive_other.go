//go:build !unix

package grader

// alive reports whether there is a process of an ID; nobody knows here.
func alive(int) bool { return true }
