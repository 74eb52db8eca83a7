//go:build !unix

package gradebook

// mayWrite leaves it to opening the file.
func mayWrite(string) bool { return true }
