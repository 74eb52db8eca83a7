package evidence

// Proxy is one HAProxy that may be a student's.
type Proxy struct {
	// Kind is "container" for a stand-alone one, "service" for a swarm service.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Matched says why it is listed: "name", "name-similar", "port".
	Matched string `json:"matched"`
	// ID is the container's, or for a service the service's.
	ID       string `json:"id"`
	NodeID   string `json:"node_id,omitempty"` // where the container is
	Hostname string `json:"hostname,omitempty"`
	Image    string `json:"image"`
	// ImageID is the content's digest, "" for a service.
	ImageID string `json:"image_id,omitempty"`

	// State is the container's: running, exited, created, restarting, …; for a
	// service "running" if a task of it runs, else the newest task's state.
	State        string `json:"state"`
	ExitCode     int    `json:"exit_code,omitempty"`
	Error        string `json:"error,omitempty"`
	RestartCount int    `json:"restart_count,omitempty"`
	Restart      string `json:"restart,omitempty"` // no, always, on-failure, unless-stopped
	// Started is by the engine's clock, RFC 3339; so is File.Modified.
	Started string `json:"started,omitempty"`

	// Publishes are the ports reachable from outside.
	Publishes   []ContainerPort    `json:"publishes,omitempty"`
	HostNetwork bool               `json:"host_network,omitempty"`
	Networks    []ContainerNetwork `json:"networks,omitempty"`
	Mounts      []Mount            `json:"mounts,omitempty"`
	Command     []string           `json:"command,omitempty"`
	// Env are the variables of its environment that the configuration names;
	// what else the environment holds is nobody's business.
	Env []EnvVar `json:"env,omitempty"`
	// Health is the container's health check, its image's if it has none of its own; nil for
	// none, for a service's, which the service tells, and in evidence of before it was looked at.
	Health *HealthCheck `json:"health,omitempty"`
	// Version is HAProxy's, such as "2.6.12" or "3.2", where the image or the log
	// tells.
	Version string `json:"version,omitempty"`
	// ExtraHosts are names with addresses of their own, as --add-host makes
	// them: "manager-1:172.30.0.11".
	ExtraHosts []string `json:"extra_hosts,omitempty"`

	// Files are the configuration files in the order HAProxy reads them.
	Files []File `json:"files,omitempty"`
	// Page is HAProxy's statistics page, nil if the configuration offers none
	// that can be reached.
	Page *Page `json:"page,omitempty"`
	// Log is the end of the container's output, up to 4 KiB, for one that does
	// not run.
	Log string `json:"log,omitempty"`
}

// EnvVar is a variable of a process's environment, or that there is none of the
// name. A name of which nothing is known has no entry.
type EnvVar struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
	Unset bool   `json:"unset,omitempty"`
}

// Page is what a HAProxy's statistics page said: what the process has loaded,
// or what answers in its place claims.
type Page struct {
	Address string `json:"address"` // host:port that was asked
	URI     string `json:"uri"`
	// Error says why nothing follows: a gap's code, "denied", "http-<status>",
	// "malformed" (no statistics), "too-large".
	Error string `json:"error,omitempty"`
	// Shown says that the page was there to be seen, although it could not be read
	// as a table: an ACL that asks for its very path lets the table's pass by.
	Shown     bool          `json:"shown,omitempty"`
	Backends  []PageBackend `json:"backends,omitempty"`
	Truncated bool          `json:"truncated,omitempty"`
}

// PageBackend is a backend of a statistics page. Algorithm, as the servers'
// addresses, is shown with "stats show-legends" only.
type PageBackend struct {
	Name      string       `json:"name"`
	Status    string       `json:"status"` // UP, DOWN
	Algorithm string       `json:"algorithm,omitempty"`
	Servers   []PageServer `json:"servers,omitempty"`
}

// PageServer is a server of a statistics page.
type PageServer struct {
	Name string `json:"name"`
	// Status is HAProxy's word: "UP", "DOWN", "UP 1/3", "MAINT",
	// "MAINT (resolution)", "no check", …
	Status  string `json:"status"`
	Weight  int    `json:"weight"`
	Address string `json:"address,omitempty"`
	Backup  bool   `json:"backup,omitempty"`
}

// File is a configuration file as it was found.
type File struct {
	Path string `json:"path"`
	// Source is "archive" (read out of the container) or "config:<name>" (a
	// swarm config).
	Source    string `json:"source"`
	Text      string `json:"text"`
	SHA256    string `json:"sha256"`
	Size      int64  `json:"size"`
	Truncated bool   `json:"truncated,omitempty"`
	Modified  string `json:"modified,omitempty"`
	// Error says why there is no text: "missing", "directory", "too-large",
	// "unreadable".
	Error string `json:"error,omitempty"`
}
