package check

import (
	"cmp"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// counterParams say which service counts, and where its count is kept.
type counterParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Port is the variable with the port that is driven.
	Port string `yaml:"port"`
	// Store is the variable with the name of the service that keeps the count, such
	// as Redis: hints name it. It may be left out; what counts are the numbers.
	Store string `yaml:"store"`
}

func (p *counterParams) Validate(vars []string) []rubric.ParamError {
	errs := varsExist(vars, "service", p.Service, "port", p.Port)
	if p.Store != "" {
		errs = append(errs, varsExist(vars, "store", p.Store)...)
	}
	return errs
}

// counter passes when the containers of a service count on together: each page shows
// a number, and from answer to answer, whichever container and node gave it, that
// number only rises. Gaps do not matter, others may be counted too; wording does not
// either: any of the first four and of the last four numbers that stand by themselves
// on the page may be the count, in the same place on every page.
//
// Requests are sent one after the other, so that a count that is shared can't be seen
// to stand still or fall: a correct one never fails.
func counter() Kind {
	return define("counter", false, counterParams{Service: "service", Port: "published"},
		func(p *counterParams) []Need {
			load := loadNeed("mesh", p.Service, "", p.Port, nil, false)
			load.Tasks, load.Numbers = 2, true
			return []Need{{Kind: "snapshot", Service: p.Service}, load}
		}, sparing(func(p *counterParams) string { return p.Service }, judgeCounter))
}

func judgeCounter(in *Input, p *counterParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	traces, missing := in.View.Traces("mesh", p.Port)
	if missing != nil {
		return in.unsent(missing, "mesh", p.Service, "", p.Port, nil)
	}
	if i := slices.IndexFunc(traces, func(tr *evidence.Trace) bool { return !tr.Target.Numbers }); i >= 0 {
		return ungraded("numbers/"+traces[i].Target.ID, i18n.M("check.counter_unread"))
	}
	lasting := in.View.Lasting(svc)
	t := in.View.Tally(svc, traces...)
	r := Result{
		Outcome:  Fail,
		Observed: Facts{"answers": t.OwnTotal(), "containers": len(lasting)},
		Expected: Facts{"counters": 1, "containers": 2},
	}
	silent := slices.ContainsFunc(lasting, func(task *evidence.Task) bool { return t.Own[task.ID] == 0 })
	if n := t.OwnTotal(); n < minAnswers || silent || len(lasting) == 0 {
		if r = in.uncounted(r, svc, p, traces, lasting); r.Message.Empty() {
			return ungraded("load/"+traces[0].Target.ID, i18n.M("check.counter_few", "n", n, "want", minAnswers))
		}
	} else {
		all := in.pages(svc, traces)
		c := readCounts(all, len(lasting))
		if len(lasting) > 1 && slices.Contains([]string{"none", "stuck", "random"}, c.how) && crowded(all) {
			return ungraded("numbers/"+traces[0].Target.ID, i18n.M("check.counter_many", "kept", evidence.NumberPlaces))
		}
		in.count(&r, svc, p, c, lasting)
	}
	if r.Outcome == Pass {
		return r
	}
	if stable, known := in.View.Stable(svc); known && !stable {
		return unstable(in, r, svc)
	}
	return r
}

// uncounted is what is wrong where too few containers answered to see them count: the
// worst that is told of a target's answers.
func (in *Input) uncounted(r Result, svc *evidence.Service, p *counterParams, traces []*evidence.Trace, lasting []*evidence.Task) Result {
	asked := &answersParams{Service: p.Service, Via: "mesh", Port: p.Port, MaxErrors: 0.5}
	var worst *problem
	for _, tr := range traces {
		t := in.View.Tally(svc, tr)
		if bad := in.complain(svc, asked, tr, &t, lasting); bad != nil && (worst == nil || bad.weight > worst.weight) {
			worst = bad
		}
	}
	if worst == nil {
		return r
	}
	r.Message, r.Hint = worst.msg, worst.hint
	if len(worst.class) > 5 && worst.class[:6] == "http-5" {
		// The program runs and can't answer: without its store, as a rule.
		r.Hint = in.storeHint(svc, p)
	}
	return r
}

// count says what the numbers show.
func (in *Input) count(r *Result, svc *evidence.Service, p *counterParams, c counts, lasting []*evidence.Task) {
	store := in.store(p)
	replicas := 0
	if store != nil {
		replicas = len(in.View.Running(store))
	}
	r.Observed["counter"] = c.how
	if c.how != "none" {
		r.Observed["place"], r.Observed["counters"], r.Observed["shown"] = c.place, c.counters, c.sample
	}
	args := []any{"n", c.answers, "containers", len(lasting), "first", c.first, "last", c.last, "counters", c.counters, "shown", c.sample, "service", svc.Name}
	switch {
	case len(lasting) < 2:
		r.Message = i18n.M("check.counter_single", "n", len(lasting))
		r.Hint = i18n.M("check.replicas_hint", "service", svc.Name, "want", 2)
		if global(svc) {
			r.Hint = i18n.M("check.counter_global_hint", "service", svc.Name)
		}
		return
	case c.how == "shared" && store != nil && replicas == 0:
		r.Message = i18n.M("check.counter_elsewhere", append(args, "store", store.Name)...)
	case c.how == "shared":
		r.Outcome = Pass
		r.Message = i18n.M("check.counter_ok", args...)
		return
	case (c.how == "each" || c.how == "several") && replicas > 1:
		r.Observed["store_replicas"] = replicas
		r.Message = i18n.M("check.counter_stores", append(args, "store", store.Name, "replicas", replicas)...)
	default:
		r.Message = i18n.M("check.counter_"+c.how, args...)
	}
	r.Hint = in.storeHint(svc, p)
}

// crowded reports whether most pages show more numbers than are kept, so that a count may
// be among those that are not.
func crowded(all []pages) bool {
	n, full := 0, 0
	for _, tr := range all {
		for _, a := range tr.answers {
			if n++; len(a.numbers) == evidence.NumbersKept {
				full++
			}
		}
	}
	return full*2 > n
}

// mark is the number that an answer shows in some place, and whose answer it is.
type mark struct {
	task   string // its ID
	at     int    // which of the trace's
	number int64
}

// pages are the own containers' answers of each trace, in the order sent.
type pages struct {
	overlap int // how many requests were under way at once
	answers []page
}

type page struct {
	task    string
	numbers []int64
}

// pages reads the traces, the earliest first.
func (in *Input) pages(svc *evidence.Service, traces []*evidence.Trace) []pages {
	traces = slices.Clone(traces)
	slices.SortStableFunc(traces, func(a, b *evidence.Trace) int { return cmp.Compare(a.Started, b.Started) })
	var out []pages
	for _, tr := range traces {
		p := pages{overlap: max(tr.Target.Workers, 1)}
		for i, task := range in.View.Sequence(svc, tr) {
			if task != "" && i < len(tr.Numbers) {
				p.answers = append(p.answers, page{task, tr.Numbers[i]})
			}
		}
		out = append(out, p)
	}
	return out
}

// counts is what the numbers on pages turned out to be.
type counts struct {
	// how is "shared" (one count that all add to), "each" (every container has its
	// own), "several" (there are some, dealt with no regard to the container, or
	// shared by a few), "stuck" (there are numbers, always the same), "random" (they do
	// not rise), "none" (no number is on every page).
	how         string
	place       int // as [evidence.NumberAt] has it
	counters    int
	answers     int
	first, last int64
	sample      []string // the first few, with their containers
}

// Bounds of what is taken for a count.
const (
	// present is the share of pages that must have the number: the others may be
	// what a program says that lost its store for a moment.
	present = 0.9
	// mostCount is more than any service of a lab is asked; a time since 1970, which
	// rises too, is more.
	mostCount = 1_000_000_000
	// mostCounters bounds how many counts are still told from chance, each with
	// minAnswers answers at least.
	mostCounters = 5
	sampled      = 6
	// strangers is by how much a container's numbers rise from one of its answers to
	// the next where others are counted with it; its own requests alone make 1.
	strangers = 1.2
)

// rank is which finding is told of several places: the best, and of equals the first.
var rank = []string{"none", "stuck", "random", "several", "each", "shared"}

// readCounts looks in every place for a count.
func readCounts(traces []pages, containers int) counts {
	best := counts{how: "none"}
	for at := range 2 * evidence.NumberPlaces {
		place := at
		if at >= evidence.NumberPlaces {
			place = evidence.NumberPlaces - 1 - at
		}
		c := countAt(traces, place, containers)
		if slices.Index(rank, c.how) > slices.Index(rank, best.how) {
			best = c
		}
	}
	return best
}

// countAt reads the numbers in one place.
func countAt(traces []pages, place, containers int) counts {
	c := counts{how: "none", place: place}
	var rows []row
	var all []mark
	total, ports := 0, 0
	for _, tr := range traces {
		x := row{overlap: tr.overlap}
		total += len(tr.answers)
		for i, a := range tr.answers {
			n, ok := evidence.NumberAt(a.numbers, place)
			if n < 0 { // the client's port, which rises too; now and then a count may be the same
				n, ports = -n, ports+1
			}
			if ok && n < mostCount {
				x.marks = append(x.marks, mark{a.task, i, n})
			}
		}
		rows, all = append(rows, x), append(all, x.marks...)
	}
	if c.answers = len(all); c.answers == 0 || float64(c.answers) < present*float64(total) || ports*2 > c.answers {
		return c
	}
	c.first, c.last = all[0].number, all[len(all)-1].number
	for i := range min(sampled, len(all)) {
		c.sample = append(c.sample, itoa(int(all[i].number)))
	}
	tasks := tasksIn(all)
	k := chains(all)
	few := k <= mostCounters && k*minAnswers <= len(all)
	switch groups := groupsOf(rows, tasks); {
	case groups == 1 && len(tasks) < containers: // some never show it
	case groups == 1:
		c.how, c.counters = "shared", 1
	case groups == len(tasks) && few && k < groups && pace(rows) >= strangers:
		// Each container's numbers rise, as they do where the stores take turns as
		// regularly as the containers.
		c.how, c.counters = "several", k
	case groups == len(tasks):
		c.how, c.counters = "each", groups
	case groups > 1:
		c.how, c.counters = "several", groups
	case few:
		c.how, c.counters = "several", k
	case !slices.ContainsFunc(all, func(m mark) bool { return m.number != all[0].number }):
		c.how = "stuck"
	default:
		c.how = "random"
	}
	return c
}

func tasksIn(marks []mark) []string {
	var out []string
	for _, m := range marks {
		if !slices.Contains(out, m.task) {
			out = append(out, m.task)
		}
	}
	return out
}
