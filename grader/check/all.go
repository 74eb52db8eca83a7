package check

import "sync"

// All are the kinds of check, in the order that documentation lists them.
var All = sync.OnceValue(func() []Kind {
	return []Kind{
		serviceExists(), serviceImage(), serviceEnv(), servicePort(), serviceReplicas(), serviceRestart(), serviceUpdate(),
		tasksRunning(), tasksNodes(), serviceGlobal(), nodesDrained(),
		haproxyFound(), haproxyRunning(), haproxyConfig(), haproxyPort(),
		haproxyServers(), haproxyBalance(), haproxyHealth(), haproxyService(), haproxyStats(),
		answers(), spread(), balanceShown(), stickyCookie(), stickyMoved(), cookiePrivate(),
		counter(),
		serviceDNSRR(), serviceNetwork(), networkShared(), nameVIP(), nameTasks(), haproxyNetwork(), haproxyBackends(), direct(),
		recovers(), replaced(), available(), outage(), later(),
		updated(), updateAvailable(),
	}
})
