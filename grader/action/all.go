package action

// All are the kinds of action. A new one is a file and a line here.
func All() []Kind {
	return []Kind{stopNode(), drainNode(), killTask(), runCommand(), scaleService(), killContainer(), updateService(), lookUpNames(), bringWorkers()}
}
