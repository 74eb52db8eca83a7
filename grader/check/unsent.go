package check

import "swarmgrade/grader/sight"

// unsent is what comes of a load that was not driven. Nothing is sent where nothing
// can answer: a port that is not published, a service of which nothing runs, a
// HAProxy that is not there. That is the student's to mend, and is said as the kinds
// of check say it that are about it. Anything else is open.
func (in *Input) unsent(missing *sight.Missing, via, service, name, port string, or []string) Result {
	open := Lacking(missing)
	if missing.What != "load/"+via { // something was sent, or should have been
		return open
	}
	var tries []func() Result
	if via == "mesh" {
		tries = append(tries, func() Result {
			return judgePort(in, &portParams{Service: service, Port: port, Modes: []string{"ingress"}})
		})
	} else {
		p := &proxyParams{Name: name, Port: port, Or: or}
		for _, judge := range []func(*Input, *proxyParams) Result{judgeFound, judgeProxyRunning, judgeProxyPort} {
			tries = append(tries, func() Result { return judge(in, p) })
		}
	}
	tries = append(tries, func() Result { return judgeRunning(in, &countParams{Service: service, AtLeast: 1}) })
	for _, try := range tries {
		switch r := try(); r.Outcome {
		case Pass:
		case Fail:
			r.Measure = nil
			return r
		default:
			return open
		}
	}
	return open
}
