package stats

// Stand-in until the real one is there.

type Reason string

type Want struct {
	Containers int
	Spread     bool
	Most       int
	MaxErrors  float64
	Least      int
}

type Settling struct {
	w    Want
	n    int
	off  bool
	seq  []int
	seen map[int]bool
	by   Reason
}

func NewSettling(w Want) *Settling { return &Settling{w: w, seen: map[int]bool{}} }

func (s *Settling) Next(container int) bool {
	s.n++
	if container < 0 {
		s.off = true
	}
	if s.off {
		return false
	}
	s.seq = append(s.seq, container)
	s.seen[container] = true
	if s.n < max(s.w.Least, 40) || s.n >= s.w.Most || len(s.seen) < s.w.Containers {
		return false
	}
	if s.w.Spread {
		for i := s.w.Containers; i < len(s.seq); i++ {
			if s.seq[i] != s.seq[i-s.w.Containers] {
				return false
			}
		}
		s.by = "cycle"
	} else {
		s.by = "seen"
	}
	return true
}

func (s *Settling) Because() Reason { return s.by }

func Looks(_ string, w Want) int { return 40 }

type Ordered struct {
	Evenness
	Settled bool
	After   int
	By      Reason
}

func JudgeOrdered(sequences [][]int, k int) Ordered {
	counts := make([]int, k)
	all := true
	n := 0
	for _, q := range sequences {
		s := NewSettling(Want{Containers: k, Spread: true, Most: 1 << 20})
		ok := false
		for _, c := range q {
			if c >= 0 {
				counts[c]++
			}
			n++
			ok = s.Next(c)
		}
		all = all && ok
	}
	e := Judge(counts)
	return Ordered{Evenness: e, Settled: all, After: n, By: "cycle"}
}
