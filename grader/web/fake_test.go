package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/roster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Who is in the class of these tests, and by which tokens. What students wrote is hostile.
const (
	idA, idB     = "2024001", "2024002"
	nameA, nameB = "张三<script>alert(1)</script>", "李四光"
	tokenA       = "aaaaaaaaaaaaaaaaaaaaaaaaaa"
	tokenB       = "bbbbbbbbbbbbbbbbbbbbbbbbbb"
	tokenT       = "tttttttttttttttttttttttttt"
	evil         = `"><img src=x onerror=alert(1)><script>alert(2)</script>`
)

// fake is a desk that has two students and does nothing.
type fake struct {
	fakeClass

	mu      sync.Mutex
	tokens  map[string]grader.Who
	asked   []string // tokens
	checks  []string // students and their options
	cancels []string
	own     map[string]desk.OwnState
	data    *result.Data
	class   *desk.ClassInfo
	after   []uint64 // of subscriptions
	events  chan desk.Event
	refuse  error // of Check
	broken  func()
	of      students

	fakeRest
}

func newFake(t testing.TB) *fake {
	t.Helper()
	rub, err := grader.BuiltinRubric("ha-lb")
	require.NoError(t, err)
	f := &fake{
		tokens: map[string]grader.Who{tokenA: {Student: idA}, tokenB: {Student: idB}, tokenT: {Teacher: true}},
		own:    map[string]desk.OwnState{}, events: make(chan desk.Event, 2000),
	}
	first := rub.Tasks[0]
	verdicts := func(o check.Outcome) (out []judge.Verdict) {
		for _, c := range first.Checks {
			out = append(out, judge.Verdict{Task: first.ID, Check: c.ID, Outcome: o, Max: c.Points})
		}
		return out
	}
	f.data = &result.Data{Class: "2024A", Title: "一班", Rubric: rub, Students: []result.Student{
		{ID: idA, Name: nameA, Verdicts: verdicts(check.Fail), Remark: evil + " see " + idB + " " + nameB},
		{ID: idB, Name: nameB, Verdicts: verdicts(check.Pass)},
	}}
	f.fakeOffice = newFakeOffice(f.data)
	f.class = &desk.ClassInfo{Name: "2024A", Rubric: rub, Students: []roster.Student{{ID: idA, Name: nameA}, {ID: idB, Name: nameB}}}
	return f
}

func (f *fake) WhoHas(_ context.Context, token string) (grader.Who, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, token)
	if who, ok := f.tokens[token]; ok {
		return who, nil
	}
	return grader.Who{}, grader.ErrNoLink
}

func (f *fake) revoke(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.tokens, token)
}

func (f *fake) Class(context.Context) (*desk.ClassInfo, error) {
	if f.broken != nil {
		f.broken()
	}
	return f.class, nil
}

func (f *fake) Standing(context.Context) (*result.Data, error) { return f.data, nil }

func (f *fake) Student(_ context.Context, id string) (*result.Data, error) {
	one := *f.data
	one.Students = nil
	for _, s := range f.data.Students {
		if s.ID == id {
			one.Students = append(one.Students, s)
		}
	}
	return &one, nil
}

func (f *fake) Check(_ context.Context, student string, o desk.CheckOptions) (desk.Ticket, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return desk.Ticket{}, f.refuse
	}
	asked := student + " " + o.Task
	if o.Kill {
		asked += " kill"
	}
	f.checks = append(f.checks, asked)
	return desk.Ticket{}, nil
}

func (f *fake) Cancel(student string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cancels = append(f.cancels, student)
	return true
}

func (f *fake) Own(student string) desk.OwnState {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.own[student]
}

func (f *fake) Queue() desk.QueueState { return desk.QueueState{Running: 1, Waiting: 2} }

func (f *fake) Now() uint64 { return 77 }

func (f *fake) Subscribe(_ desk.Topic, after uint64) (<-chan desk.Event, func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after = append(f.after, after)
	return f.events, func() {}
}

// served is a site with what it logs.
type served struct {
	*Site
	*fake
	log *safeLog
}

type safeLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeLog) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeLog) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func serve(t testing.TB, change ...func(*Options)) *served {
	t.Helper()
	f, log := newFake(t), &safeLog{}
	o := Options{Desk: f, Lang: i18n.EN, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, c := range change {
		c(&o)
	}
	s := New(o)
	t.Cleanup(s.Close)
	return &served{s, f, log}
}

// ask is a request with a token's session.
func ask(method, target, token string, form url.Values) *http.Request {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, target, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: token})
	}
	return r
}

// formOf is a form as a page of the session has it.
func formOf(token string, pairs ...string) url.Values {
	v := url.Values{formField: {(&Request{token: token}).FormToken()}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func (s *served) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s *served) get(target, token string) *httptest.ResponseRecorder {
	return s.do(ask("GET", target, token, nil))
}
