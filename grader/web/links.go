package web

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
)

// linkPages are who may open these pages.
var linkPages = []Route{
	{Pattern: "GET /class/links", Role: Instructor, Do: links},
	{Pattern: "POST /class/links/new", Role: Instructor, Do: newLinks},
	{Pattern: "POST /class/links/csv", Role: Instructor, Do: linksCSV},
	{Pattern: "POST /class/links/revoke", Role: Instructor, Do: revokeLinks},
}

// Of a class so many students are on a page; of links that were made so many get a file from the page.
const (
	linksShown = 500
	linksFiled = 1000
)

// linksPage is what /class/links shows.
type linksPage struct {
	Items    []linkItem
	Have     int // students of all who have one
	All      int
	Teachers []teacherItem
	Days     []int
	paging
}

// teacherItem is an instructor's link; without a name it can be revoked with all others only.
type teacherItem struct{ Name, Value, Made, Until string }

type linkItem struct {
	person
	Value       string // the ID as it is
	Has         bool
	Made, Until string
}

// linkDays are for how long a link may be good; 0 is for ever.
var linkDays = []int{180, 90, 30, 7, 1, 0}

func links(w http.ResponseWriter, q *Request) error {
	class, err := q.Desk().Class(q.Context())
	if err != nil {
		return err
	}
	force, err := q.inForce()
	if err != nil {
		return err
	}
	p := linksPage{All: len(class.Students), Days: linkDays}
	for _, l := range force[""] {
		p.Teachers = append(p.Teachers, teacherItem{page.Clip(l.Name, 80), l.Name, minute(l.Made), q.until(l.Expires)})
	}
	from, to, part := q.paged(p.All, linksShown)
	p.paging = part
	for i, s := range class.Students {
		x := linkItem{person: personOf(s.ID, s.Name), Value: s.ID}
		if l := force[s.ID]; len(l) > 0 {
			p.Have++
			x.Has, x.Made, x.Until = true, minute(l[0].Made), q.until(l[0].Expires)
		}
		if i >= from && i < to {
			p.Items = append(p.Items, x)
		}
	}
	return q.Show(w, Page{Name: "links", Title: q.Lang.T("web.links_title"), Data: p})
}

// inForce are the links that open something, by student; those of instructors are nobody's.
func (q *Request) inForce() (map[string][]grader.LinkInfo, error) {
	all, err := q.Desk().Links(q.Context())
	out := map[string][]grader.LinkInfo{}
	for _, l := range all {
		if l.InForce {
			out[l.Student] = append(out[l.Student], l)
		}
	}
	return out, err
}

func (q *Request) until(t time.Time) string {
	if t.IsZero() {
		return q.Lang.T("links.never")
	}
	return minute(t)
}

// linked are the students that a form names, who all are in the class.
func (q *Request) linked() ([]string, error) {
	class, err := q.Desk().Class(q.Context())
	if err != nil {
		return nil, err
	}
	in := map[string]bool{}
	for _, s := range class.Students {
		in[s.ID] = true
	}
	ids := slices.Compact(slices.Sorted(slices.Values(q.PostForm["student"])))
	for _, id := range ids {
		if !in[id] {
			return nil, Wrong("web.links_who", "student", page.Clip(id, 64))
		}
	}
	return ids, nil
}

// madePage shows links once: what is kept of them opens nothing.
type madePage struct {
	Items []madeItem
	Plain string // for the form of the file, "" where there are too many
}

type madeItem struct {
	person
	Teacher    bool
	URL, Until string
}

// linksOf are whose links a form is about: students who were ticked, or an instructor, of the name that was
// typed if there is one. What else a form may say is a change to no more than the options.
func (q *Request) linksOf(other map[string]func(*grader.LinkOptions)) (o grader.LinkOptions, err error) {
	do := q.PostForm.Get("do")
	switch change := other[do]; {
	case change != nil:
		change(&o)
	case do == "chosen":
		if o.Students, err = q.linked(); err == nil && len(o.Students) == 0 {
			err = Wrong("web.links_nobody")
		}
	case do == "teacher":
		o.Teacher = true
		if name := q.field("name"); name != "" {
			o.Names = []string{name}
		}
	default:
		err = Wrong("web.links_no_way")
	}
	return o, err
}

func newLinks(w http.ResponseWriter, q *Request) error {
	o, err := q.linksOf(map[string]func(*grader.LinkOptions){"missing": func(o *grader.LinkOptions) { o.Missing = true }})
	if err != nil {
		return err
	}
	days := slices.IndexFunc(linkDays, func(n int) bool { return q.PostForm.Get("days") == strconv.Itoa(n) })
	if days < 0 {
		return Wrong("web.links_days")
	}
	if n := linkDays[days]; n > 0 {
		o.Expires = time.Now().AddDate(0, 0, n)
	}
	made, err := q.Desk().NewLinks(q.Context(), o)
	if err != nil {
		return err
	}
	var p madePage
	var lines strings.Builder
	for _, l := range made {
		p.Items = append(p.Items, madeItem{
			person: personOf(l.Student.ID, l.Student.Name), Teacher: l.Student.ID == "", URL: q.base() + "/k/" + l.Token, Until: q.until(l.Expires),
		})
		lines.WriteString(l.Token + "\n")
	}
	if len(made) <= linksFiled {
		p.Plain = lines.String()
	}
	return q.Show(w, Page{Name: "made", Title: q.Lang.T("web.made_title"), Data: p})
}

// linksCSV hands links that were just made out as a file. The form bears their tokens; whose they are is asked
// for, so that nothing gets into the file that opens nothing.
func linksCSV(w http.ResponseWriter, q *Request) error {
	tokens := strings.Fields(q.PostForm.Get("links"))
	if len(tokens) == 0 || len(tokens) > linksFiled {
		return Wrong("web.links_nobody")
	}
	class, err := q.Desk().Class(q.Context())
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, s := range class.Students {
		names[s.ID] = s.Name
	}
	force, err := q.inForce()
	if err != nil {
		return err
	}
	var all []report.Link
	for _, token := range tokens {
		if !tokenLike(token) {
			return Wrong("web.links_gone")
		}
		who, err := q.Desk().WhoHas(q.Context(), token)
		if isNobody(err) {
			return Wrong("web.links_gone")
		}
		if err != nil {
			return err
		}
		l := report.Link{ID: who.Student, Name: names[who.Student], URL: q.base() + "/k/" + token}
		if who.Teacher {
			l.Name = who.Name
		}
		for _, known := range force[who.Student] { // the newest of that name
			if who.Student != "" || known.Name == who.Name {
				l.Expires = known.Expires
			}
		}
		all = append(all, l)
	}
	var b bytes.Buffer
	if err := report.LinksCSV(&b, all, q.Lang); err != nil {
		return err
	}
	return q.Download(w, class.Name+q.Lang.T("links.suffix")+".csv", "text/csv; charset=utf-8", int64(b.Len()), &b)
}

// revokeLinks ends links at once, be they who asks's own.
func revokeLinks(w http.ResponseWriter, q *Request) error {
	o, err := q.linksOf(map[string]func(*grader.LinkOptions){"teachers": func(o *grader.LinkOptions) { o.Teacher = true }})
	if err != nil {
		return err
	}
	if o.Teacher && len(o.Names) == 0 && q.PostForm.Get("do") != "teachers" {
		return Wrong("web.links_no_way")
	}
	if _, err := q.Desk().RevokeLinks(q.Context(), o); err != nil {
		return err
	}
	return SeeOther(w, "/class/links")
}

// hostLike is a host with its port, and nothing that leads elsewhere.
var hostLike = regexp.MustCompile(`^[A-Za-z0-9.\-_]+(:[0-9]{1,5})?$|^\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?$`)

// base is where readers find the pages: as was said, or where the request came to.
func (q *Request) base() string {
	if q.site.o.URL != "" {
		return q.site.o.URL
	}
	if len(q.Host) > 255 || !hostLike.MatchString(q.Host) {
		return ""
	}
	scheme := "http"
	if q.site.o.Secure {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: q.Host}).String()
}
