package worker

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/rubric"
	"swarmgrade/loadgen"
)

const (
	// version is that of the messages. Both ends are the same program.
	version = 1
	// maxFromWorker bounds a message of a worker's: a trace with ten thousand answers and all
	// their numbers has some 2 MB. maxToWorker bounds one to it: what exists in a cluster of
	// some hundred thousand containers.
	maxFromWorker = 8 << 20
	maxToWorker   = 32 << 20
	// maxThings and maxStrings bound the lists and objects, and the texts, of a message of a worker's. A few
	// bytes of these take a hundred times as much memory once they are read; a trace has some 15,000 of the
	// former and 100,000 of the latter at most.
	maxThings  = 40_000
	maxStrings = 400_000
	headLen    = 4 + sha256.Size
)

// Kinds of messages. A coordinator speaks first.
const (
	// to a worker
	kHello  = "hello"  // the first; Session
	kPing   = "ping"   // At; Ack renews the worker's lease
	kKnow   = "know"   // ID; Attribution, Known: before the first load that names it
	kReach  = "reach"  // ID, Host
	kLoad   = "load"   // ID, Gen, Order
	kCancel = "cancel" // ID
	kGrant  = "grant"  // N requests may be sent
	// from a worker
	kWelcome  = "welcome"  // answers hello; Session
	kPong     = "pong"     // answers ping; At as it was there, Got and Now by the worker's clock
	kReached  = "reached"  // answers reach; ID, Problem
	kWant     = "want"     // N more requests are to be sent
	kProgress = "progress" // ID, Gen, Answered, Failed
	kDone     = "done"     // ID, Gen, Began, and Trace with Latencies, or Problem with Code
)

// message is all messages; most have only a few of the fields.
type message struct {
	Kind    string `json:"kind"`
	Version int    `json:"version,omitempty"`
	Session string `json:"session,omitempty"` // hexadecimal
	ID      uint64 `json:"id,omitempty"`
	Gen     int    `json:"gen,omitempty"`
	// Times are nanoseconds since their end's start.
	At  int64 `json:"at,omitempty"`
	Got int64 `json:"got,omitempty"`
	Now int64 `json:"now,omitempty"`
	Ack int64 `json:"ack,omitempty"`
	N   int   `json:"n,omitempty"`

	Host        string              `json:"host,omitempty"`
	Attribution *rubric.Attribution `json:"attribution,omitempty"`
	Known       *mention.Known      `json:"known,omitempty"`
	Order       *order              `json:"order,omitempty"`

	Answered  int                `json:"answered,omitempty"`
	Failed    int                `json:"failed,omitempty"`
	Began     int64              `json:"began,omitempty"`
	Trace     json.RawMessage    `json:"trace,omitempty"`
	Latencies *loadgen.Latencies `json:"latencies,omitempty"`
	Problem   string             `json:"problem,omitempty"`
	Code      string             `json:"code,omitempty"`
}

// order is a load to be driven.
type order struct {
	Target evidence.Target `json:"target"`
	How
	Settle bool   `json:"settle,omitempty"`
	Nonce  string `json:"nonce"`
	Knows  uint64 `json:"knows"`
	// Chunk is how many requests leave is asked for at once; 0 needs none.
	Chunk int `json:"chunk,omitempty"`
}

var (
	errLength  = errors.New("a message that is longer than any may be")
	errCrowded = errors.New("a message that holds more than any may")
	errForged  = errors.New("a message that is not signed with the run's secret, or not in its turn")
	errSpeech  = errors.New("a message that makes no sense here")
)

// wire sends and receives messages over a stream: four bytes of length, 32 of an HMAC over
// the number and the text of the message, the text. Each direction has a key of its own,
// made of the run's secret and what both ends drew by chance, so that nothing of another
// stream, another direction or an earlier place is taken.
type wire struct {
	in  io.Reader
	max int // bytes of a message that comes in

	inKey, outKey []byte
	inN           uint64

	mu   sync.Mutex // of what goes out
	out  io.Writer
	outN uint64
}

func key(secret []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, secret)
	for _, p := range parts {
		_ = binary.Write(h, binary.BigEndian, uint32(len(p)))
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

func session() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func sign(key []byte, n uint64, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	_ = binary.Write(h, binary.BigEndian, n)
	h.Write(text)
	return h.Sum(nil)
}

// send writes one message, whole.
func (w *wire) send(m *message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	buf := make([]byte, 4, headLen+len(text))
	binary.BigEndian.PutUint32(buf, uint32(len(text)))
	buf = append(append(buf, sign(w.outKey, w.outN, text)...), text...)
	w.outN++
	_, err = w.out.Write(buf)
	return err
}

// receive reads one. What it says is foreign: its length and its signature are all that is
// known to be right.
func (w *wire) receive() (*message, error) {
	var head [headLen]byte
	if _, err := io.ReadFull(w.in, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:4])
	if int64(n) > int64(w.max) {
		return nil, errLength
	}
	text, err := io.ReadAll(io.LimitReader(w.in, int64(n))) // grows as it comes
	if err != nil {
		return nil, err
	}
	if len(text) < int(n) {
		return nil, io.ErrUnexpectedEOF
	}
	if !hmac.Equal(head[4:], sign(w.inKey, w.inN, text)) {
		return nil, errForged
	}
	w.inN++
	if w.max == maxFromWorker && crowded(text) {
		return nil, errCrowded
	}
	m := new(message)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, errSpeech
	}
	return m, nil
}

// crowded reports whether JSON holds more than a worker's message may, before it is read.
func crowded(text []byte) bool {
	things, texts, inside := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			if inside = !inside; inside {
				texts++
			}
		case !inside && (c == '{' || c == '['):
			things++
		}
	}
	return things > maxThings || texts > maxStrings
}

// The keys before both sessions are known, and after.
func (w *wire) first(secret []byte, worker bool, session string) {
	w.keys(worker, key(secret, "to worker, first"), key(secret, "from worker, first", session))
}

func (w *wire) both(secret []byte, worker bool, ours, theirs string) {
	w.keys(worker, key(secret, "to worker", ours, theirs), key(secret, "from worker", ours, theirs))
}

func (w *wire) keys(worker bool, to, from []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inKey, w.outKey = from, to; worker {
		w.inKey, w.outKey = to, from
	}
}
