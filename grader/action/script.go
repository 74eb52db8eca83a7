package action

import (
	"path"
	"strconv"
	"strings"
)

// Docker under systemd. Stopping the service alone would leave the socket,
// through which any docker command revives the engine. An engine that was
// stopped and started often within a minute is refused until its failures are
// reset.
const (
	systemdStop = `
if systemctl cat docker.socket >/dev/null 2>&1; then systemctl stop docker.socket || exit 1; fi
systemctl stop docker.service || exit 1
! systemctl is-active --quiet docker.service`
	systemdStart = `
systemctl reset-failed docker.service >/dev/null 2>&1
if systemctl cat docker.socket >/dev/null 2>&1; then systemctl start docker.socket || exit 1; fi
systemctl start docker.service`
)

const (
	// timerUnit is the timer's name under systemd.
	timerUnit = "swarmgrade-restore"
	// timerFile holds the timer's mark where there is no systemd; without it
	// the timer ends.
	timerFile = "/run/swarmgrade-restore"
)

// timerLoop waits for $2 seconds as long as the file holds $1, then runs $3. It
// looks each second, so that taking the file away is enough to end it.
const timerLoop = `i=0
while [ $i -lt "$2" ]; do
  sleep 1; i=$((i+1))
  [ "$(cat ` + timerFile + ` 2>/dev/null)" = "$1" ] || exit 0
done
i=0
until sh -c "$3" || [ $i -ge 20 ]; do sleep 3; i=$((i+1)); done
[ "$(cat ` + timerFile + ` 2>/dev/null)" = "$1" ] && rm -f ` + timerFile

// whole has a shell read all of a script before it runs any of it: the
// connection may break in the middle.
func whole(lines ...string) string {
	return "{\nPATH=$PATH:/usr/sbin:/sbin\n" + strings.Join(lines, "\n") + "\nexit\n}\n"
}

// armScript starts the timer: systemd's where that runs, else a shell that no
// terminal and no session holds.
func armScript(start, id string, seconds int) string {
	n := strconv.Itoa(seconds)
	return whole(
		"start="+quote(start),
		"if [ -d /run/systemd/system ]; then",
		"  systemctl stop "+timerUnit+".timer >/dev/null 2>&1",
		"  systemctl reset-failed "+timerUnit+".timer "+timerUnit+".service >/dev/null 2>&1",
		"  systemd-run --quiet --collect --unit="+timerUnit+" --on-active="+n+"s --timer-property=AccuracySec=1s /bin/sh -c \"$start\" || exit 1",
		"  systemctl is-active --quiet "+timerUnit+".timer",
		"else",
		"  umask 077",
		"  printf %s "+id+" >"+timerFile+" || exit 1",
		"  setsid nohup sh -c "+quote(timerLoop)+" swarmgrade-restore "+id+" "+n+" \"$start\" </dev/null >/dev/null 2>&1 &",
		"fi",
	)
}

// stopScript stops Docker by the class's own command, or else systemd's.
func stopScript(stop string) string {
	if stop == "" {
		stop = systemdStop
	}
	return whole("sh -c " + quote(stop))
}

// startScript starts Docker and then, not before, ends the timer.
func startScript(start string) string {
	return whole(
		"sh -c "+quote(start)+" || exit",
		"if [ -d /run/systemd/system ]; then systemctl stop "+timerUnit+".timer >/dev/null 2>&1; fi",
		"rm -f "+timerFile,
	)
}

// Statuses of tryScript, far from those of shells and of sudo.
const (
	tryNotRoot    = 61 + iota // not root, and the script was not run by sudo
	tryNoSystemd              // no systemctl, which stops and starts Docker
	tryNoDocker               // systemd knows no docker.service
	tryNoTimer                // no systemd-run
	tryNoShell                // no setsid or nohup, for a timer without systemd
	tryNoRun                  // /run can't be written
	tryBadCommand             // the class's own stop or start is no shell's line
	tryNoProgram              // there is no program that it begins with
)

// tryScript looks for what the other scripts need and changes nothing. Commands
// of the class's own are only read by a shell, and the program that they begin
// with looked for; they are not run.
func tryScript(stop, start string) string {
	lines := []string{`[ "$(id -u)" = 0 ] || exit ` + strconv.Itoa(tryNotRoot)}
	if stop == "" || start == "" {
		lines = append(lines,
			"command -v systemctl >/dev/null || exit "+strconv.Itoa(tryNoSystemd),
			"systemctl cat docker.service >/dev/null 2>&1 || exit "+strconv.Itoa(tryNoDocker),
		)
	}
	for _, own := range []string{stop, start} {
		if own != "" {
			lines = append(lines, "sh -n -c "+quote(own)+" || exit "+strconv.Itoa(tryBadCommand))
			if word := firstWord(own); word != "" {
				lines = append(lines, "command -v "+word+" >/dev/null || exit "+strconv.Itoa(tryNoProgram))
			}
		}
	}
	return whole(append(lines,
		"if [ -d /run/systemd/system ]; then",
		"  command -v systemd-run >/dev/null || exit "+strconv.Itoa(tryNoTimer),
		"else",
		"  command -v setsid >/dev/null && command -v nohup >/dev/null || exit "+strconv.Itoa(tryNoShell),
		"  [ -w "+path.Dir(timerFile)+" ] || exit "+strconv.Itoa(tryNoRun),
		"fi",
		"exit 0",
	)...)
}

// quote makes one word of a shell's line.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
