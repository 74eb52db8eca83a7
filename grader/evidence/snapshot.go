package evidence

// Snapshot is one reading of a cluster, made once for a whole class.
//
// Lists are sorted by ID (containers by endpoint, then ID), so that the same
// cluster state gives the same bytes.
type Snapshot struct {
	Schema string `json:"schema"`
	// Taken is when the reading began; Took is how long it lasted (ms).
	Taken int64 `json:"taken_ms"`
	Took  int64 `json:"took_ms"`

	Swarm      Swarm       `json:"swarm"`
	Endpoints  []Endpoint  `json:"endpoints"`
	Nodes      []Node      `json:"nodes"`
	Services   []Service   `json:"services"`
	Tasks      []Task      `json:"tasks"`
	Networks   []Network   `json:"networks"`
	Configs    []Config    `json:"configs"`
	Containers []Container `json:"containers"`
	// Gaps name what could not be read, such as "containers/tcp://…".
	Gaps []Gap `json:"gaps,omitempty"`
}

// Swarm is the cluster's own settings.
type Swarm struct {
	ID string `json:"id"`
	// HeartbeatMS is the dispatcher's heartbeat period; a node is down after
	// about three missed beats.
	HeartbeatMS      int64 `json:"heartbeat_ms"`
	TaskHistoryLimit int64 `json:"task_history_limit"`
	Managers         int   `json:"managers"`
}

// Speed is how many times faster than the clock the swarm's delays pass, by the heartbeat
// that it states. The embedded cluster's is 5 s divided by its speed. No real swarm is set
// below a second: its restart delays would not shrink along, so that it must be waited for
// in full.
func (s Swarm) Speed() float64 {
	if s.HeartbeatMS <= 0 || s.HeartbeatMS >= 1000 {
		return 1
	}
	return 5000 / float64(s.HeartbeatMS)
}

// Endpoint is one Docker engine that the grader asked.
type Endpoint struct {
	// Address is as in the class file, such as tcp://172.30.0.11:2375.
	Address string `json:"address"`
	// NodeID and Hostname are the swarm node that this engine is; empty if it
	// could not be reached.
	NodeID        string `json:"node_id,omitempty"`
	Hostname      string `json:"hostname,omitempty"`
	Reached       bool   `json:"reached"`
	Manager       bool   `json:"manager,omitempty"`
	APIVersion    string `json:"api_version,omitempty"`
	EngineVersion string `json:"engine_version,omitempty"`
	Error         string `json:"error,omitempty"`
}

// Node is a member of the swarm.
type Node struct {
	ID       string `json:"id"`
	Hostname string `json:"hostname"`
	// Address is what the grader dials: the class file's entry for this node,
	// or else the address that the swarm knows. No port.
	Address string `json:"address"`
	// SwarmAddress is the address as the swarm knows it; students write it in
	// their configurations.
	SwarmAddress  string            `json:"swarm_address"`
	Role          string            `json:"role"`         // manager, worker
	State         string            `json:"state"`        // ready, down, unknown, disconnected
	Availability  string            `json:"availability"` // active, pause, drain
	Leader        bool              `json:"leader,omitempty"`
	Reachability  string            `json:"reachability,omitempty"` // reachable, unreachable, unknown
	EngineVersion string            `json:"engine_version,omitempty"`
	Labels        map[string]string `json:"labels,omitempty"`
}

// Service is a swarm service.
type Service struct {
	ID     string            `json:"id"`
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
	// Image has no digest; Digest is empty for a local image.
	Image  string   `json:"image"`
	Digest string   `json:"digest,omitempty"`
	Env    []string `json:"env,omitempty"`
	// Hostname is the task template's, which may hold placeholders such as
	// {{.Task.Slot}}.
	Hostname string   `json:"hostname,omitempty"`
	Command  []string `json:"command,omitempty"`
	Args     []string `json:"args,omitempty"`
	// Dir is the working directory that the service asks for; none in snapshots of before it
	// was looked at.
	Dir string `json:"dir,omitempty"`
	// Mode is replicated, global, replicated-job or global-job.
	Mode     string `json:"mode"`
	Replicas int    `json:"replicas"` // asked for; 0 in global mode

	EndpointMode string   `json:"endpoint_mode"` // vip, dnsrr
	Ports        []Port   `json:"ports,omitempty"`
	VIPs         []VIP    `json:"vips,omitempty"`
	Networks     []string `json:"networks,omitempty"` // network IDs
	// Aliases are further names that the service goes by in its networks.
	Aliases []string    `json:"aliases,omitempty"`
	Configs []ConfigRef `json:"configs,omitempty"`
	// Secrets are where secrets are mounted, never what they are; none in snapshots of
	// before they were looked at.
	Secrets []ConfigRef `json:"secrets,omitempty"`
	Mounts  []Mount     `json:"mounts,omitempty"`

	Constraints []string      `json:"constraints,omitempty"`
	MaxPerNode  int           `json:"max_per_node,omitempty"`
	Restart     RestartPolicy `json:"restart"`
	Update      *UpdatePolicy `json:"update,omitempty"`
	Health      *HealthCheck  `json:"health,omitempty"`
	UpdateState string        `json:"update_state,omitempty"`
	// Forced counts the updates that were asked for with nothing changed.
	Forced  uint64 `json:"forced,omitempty"`
	Created string `json:"created,omitempty"` // engine's clock, RFC 3339
	Updated string `json:"updated,omitempty"`
}

// Hidden stands for the value of a variable in Env that was not kept, since its
// name says that it is a secret.
const Hidden = "(hidden)"

// Port is a published port of a service.
type Port struct {
	Protocol  string `json:"protocol"` // tcp, udp, sctp
	Target    int    `json:"target"`
	Published int    `json:"published"`
	Mode      string `json:"mode"` // ingress, host
}

// VIP is a service's virtual address in one network (CIDR).
type VIP struct {
	NetworkID string `json:"network_id"`
	Address   string `json:"address"`
}

// ConfigRef is a swarm config, or a secret, mounted in a service's tasks.
type ConfigRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	File string `json:"file"`
}

// Mount is a file system mounted in a container.
type Mount struct {
	Type   string `json:"type"` // bind, volume, tmpfs
	Source string `json:"source,omitempty"`
	Target string `json:"target"`
	// ReadOnly says that the container may not write there.
	ReadOnly bool `json:"read_only,omitempty"`
}

// Updating reports whether an update, or the way back from one, is under way. It is until
// the last of the tasks that it made has been watched for as long as the service asks for.
func (s *Service) Updating() bool {
	return s.UpdateState == "updating" || s.UpdateState == "rollback_started"
}

// Halfway reports whether an update, or the way back from one, was begun and has not come to
// its end, also if it was paused: some of the service's tasks may be by its settings of before.
func (s *Service) Halfway() bool {
	return s.UpdateState != "" && s.UpdateState != "completed" && s.UpdateState != "rollback_completed"
}

// RestartPolicy is what a service asks for when a task ends.
type RestartPolicy struct {
	Condition string `json:"condition"` // none, on-failure, any
	DelayMS   int64  `json:"delay_ms"`
	// MaxAttempts is 0 for no limit.
	MaxAttempts int `json:"max_attempts,omitempty"`
	// WindowMS is the time over which attempts are counted, 0 for ever; nil in
	// snapshots of before it was kept.
	WindowMS *int64 `json:"window_ms,omitempty"`
}

// UpdatePolicy is how a service rolls out a change.
type UpdatePolicy struct {
	// Parallelism is how many tasks are updated at once; 0 is all of them.
	Parallelism int    `json:"parallelism"`
	DelayMS     int64  `json:"delay_ms"`
	Order       string `json:"order"`                // stop-first, start-first
	OnFailure   string `json:"on_failure,omitempty"` // pause, continue, rollback
	// MonitorMS is how long a new task is watched for failing; nil in snapshots of
	// before it was kept.
	MonitorMS *int64 `json:"monitor_ms,omitempty"`
}

// HealthCheck is the one set on the service; the image may have its own.
type HealthCheck struct {
	Test       []string `json:"test"`
	IntervalMS int64    `json:"interval_ms,omitempty"`
	TimeoutMS  int64    `json:"timeout_ms,omitempty"`
	Retries    int      `json:"retries,omitempty"`
}

// Task is one container to be, or that was, of a service.
type Task struct {
	ID        string `json:"id"`
	ServiceID string `json:"service_id"`
	NodeID    string `json:"node_id,omitempty"`
	Slot      int    `json:"slot,omitempty"` // 0 in global mode
	// Desired and State are the engine's words: new, pending, assigned,
	// accepted, preparing, ready, starting, running, complete, shutdown,
	// failed, rejected, remove, orphaned.
	Desired     string        `json:"desired"`
	State       string        `json:"state"`
	Error       string        `json:"error,omitempty"`
	Message     string        `json:"message,omitempty"`
	ContainerID string        `json:"container_id,omitempty"`
	ExitCode    int           `json:"exit_code,omitempty"`
	Image       string        `json:"image,omitempty"`
	Addresses   []TaskAddress `json:"addresses,omitempty"`
	Version     uint64        `json:"version"`
	Created     string        `json:"created,omitempty"` // engine's clock, RFC 3339
	// Forced is [Service].Forced as the task was made for: which side of an update it
	// is on.
	Forced uint64 `json:"forced,omitempty"`
}

// TaskAddress is a task's address in one network (CIDR).
type TaskAddress struct {
	NetworkID string `json:"network_id"`
	Address   string `json:"address"`
}

// Network is a network that the managers know.
type Network struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Driver     string   `json:"driver"`
	Scope      string   `json:"scope"`
	Attachable bool     `json:"attachable,omitempty"`
	Ingress    bool     `json:"ingress,omitempty"`
	Internal   bool     `json:"internal,omitempty"`
	Subnets    []string `json:"subnets,omitempty"`
}

// ServiceMark begins the name of the config by which a grader that is changing a
// service keeps others from it; the service's ID follows.
const ServiceMark = "swarmgrade-service-lock-"

// Config is a swarm config. Data is kept, up to the reader's limit, for those
// that a service mounts as an HAProxy configuration.
type Config struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Data      string `json:"data,omitempty"`
	Truncated bool   `json:"truncated,omitempty"`
}

// Container is a container as one engine lists it, tasks included.
type Container struct {
	Endpoint string   `json:"endpoint"`
	NodeID   string   `json:"node_id"`
	ID       string   `json:"id"`
	Names    []string `json:"names"` // without the leading slash
	Image    string   `json:"image"`
	// ImageID is the digest of the image's content: two images under one name
	// differ in it.
	ImageID string `json:"image_id,omitempty"`
	Command string `json:"command,omitempty"`
	State   string `json:"state"`  // created, running, paused, restarting, exited, dead
	Status  string `json:"status"` // such as "Exited (1) 2 minutes ago"
	// TaskID and ServiceID are set for containers that swarm made.
	TaskID      string             `json:"task_id,omitempty"`
	ServiceID   string             `json:"service_id,omitempty"`
	NetworkMode string             `json:"network_mode,omitempty"`
	Ports       []ContainerPort    `json:"ports,omitempty"`
	Networks    []ContainerNetwork `json:"networks,omitempty"`
	Mounts      []Mount            `json:"mounts,omitempty"`
	Created     int64              `json:"created,omitempty"` // engine's clock, Unix seconds
}

// ContainerPort is a port published by a stand-alone container.
type ContainerPort struct {
	IP       string `json:"ip,omitempty"`
	Private  int    `json:"private"`
	Public   int    `json:"public,omitempty"`
	Protocol string `json:"protocol"`
}

// ContainerNetwork is a container's place in a network.
type ContainerNetwork struct {
	Name      string `json:"name"`
	NetworkID string `json:"network_id,omitempty"`
	Address   string `json:"address,omitempty"`
}
