package haproxy

import "fmt"

// Log is what HAProxy writes to its standard error about the findings when it
// starts, as process pid, and whether it starts: it stops after the phase that
// found an alert. version is such as "2.6.12".
func Log(c *Config, found []Finding, pid int, version string) (lines []string, starts bool) {
	say := func(level, text string) {
		lines = append(lines, fmt.Sprintf("%-10s (%d) : %s", "["+level+"]", pid, text))
	}
	say("NOTICE", "haproxy version is "+version)
	say("NOTICE", "path to executable is /usr/local/sbin/haproxy")
	for ph := Reading; ph <= Starting; ph++ {
		alerts, file := 0, ""
		for _, f := range found {
			if f.Phase != ph || f.Text == "" {
				continue
			}
			if f.Severity == Alert {
				say("ALERT", f.Text)
				alerts++
				file = f.File
			} else {
				say("WARNING", f.Text)
			}
		}
		if alerts == 0 {
			continue
		}
		switch ph {
		case Reading:
			say("ALERT", "config : Error(s) found in configuration file : "+file)
			say("ALERT", "config : Fatal errors found in configuration.")
		case Checking:
			say("ALERT", "config : Fatal errors found in configuration.")
		case Resolving:
			say("ALERT", "config : Failed to initialize server(s) addr.")
		}
		return lines, false
	}
	return lines, true
}
