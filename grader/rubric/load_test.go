package rubric_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fakeKinds are two kinds of check: one is right or wrong, one measures.
type fakeKinds struct{}

type counted struct {
	Replicas int           `yaml:"replicas"`
	Image    string        `yaml:"image"`
	Within   time.Duration `yaml:"within"`
	Any      []string      `yaml:"any"`
	Nested   *struct {
		Share float64 `yaml:"share"`
	} `yaml:"nested"`
}

func (c *counted) Validate(vars []string) []rubric.ParamError {
	if c.Replicas < 1 {
		return []rubric.ParamError{{Param: "replicas", Msg: i18n.M("yaml.range", "got", c.Replicas, "low", 1, "high", 9)}}
	}
	return nil
}

func (fakeKinds) Names() []string                        { return []string{"counted", "exists"} }
func (fakeKinds) Measures(kind string) bool              { return kind == "counted" }
func (fakeKinds) Refuse(*rubric.Rubric) []rubric.Refusal { return nil }
func (fakeKinds) NewParams(k string) (any, bool) {
	switch k {
	case "exists":
		return &struct{}{}, true
	case "counted":
		return &counted{Replicas: 2, Image: "default"}, true
	}
	return nil, false
}

func TestLoadGood(t *testing.T) {
	data, err := os.ReadFile("testdata/good/full.yaml")
	require.NoError(t, err)
	r, err := rubric.Load(data, "full.yaml", fakeKinds{}, fakeActions{})
	require.NoError(t, err)

	require.Equal(t, "demo-lab", r.ID)
	require.Equal(t, 3, r.Version)
	require.Equal(t, rubric.Points(1050), r.Points)
	require.Equal(t, rubric.Text{ZH: "演示实验", EN: "Demonstration"}, r.Title)
	require.Equal(t, "8000 + int(nn)", r.Vars[2].Expr)
	require.Equal(t, "port", r.Vars[2].Kind)
	require.Len(t, r.Attribution.Rules, 3)
	require.Equal(t, rubric.Rule{Name: "served-by", Header: "X-Served-By"}, r.Attribution.Rules[1])
	require.Equal(t, "1", r.Tasks[0].ID, "an unquoted number is an ID all the same")

	require.Equal(t, &rubric.When{Service: "service", EndpointMode: "vip", Balancer: "service", Port: "published"}, r.Tasks[0].When)
	require.Nil(t, r.Tasks[1].When)

	c, ok := r.Check("task1.replicas")
	require.True(t, ok)
	require.Equal(t, "1", c.Task)
	require.Equal(t, []string{"task1.service"}, c.Needs)
	require.True(t, c.Credit.PerUnit)
	p := c.Params.(*counted)
	require.Equal(t, 3, p.Replicas)
	require.Equal(t, "0123", p.Image, "text keeps its zeros")
	require.Equal(t, []string{"a", "007"}, p.Any)
	require.Equal(t, 5*time.Second, p.Within)
	require.InDelta(t, 0.5, p.Nested.Share, 0)

	c, _ = r.Check("task1.spread")
	require.Equal(t, "default", c.Params.(*counted).Image, "defaults stay where nothing is said")
	require.Len(t, c.Credit.Bands, 2)
	require.InDelta(t, 0.9, *c.Credit.Bands[0].AtLeast, 0)
	require.Equal(t, rubric.Points(25), c.Credit.Bands[1].Points)
	c, _ = r.Check("task2.late")
	require.Equal(t, &rubric.Linear{From: 1, To: 0}, c.Credit.Linear)

	require.Equal(t, "scaled", c.After)
	a, ok := r.Action("scaled")
	require.True(t, ok)
	require.Equal(t, "scaling", a.Title.EN)
	require.Equal(t, 5, a.Params.(*counted).Replicas)
	// Read where nothing is to be done, an action is what it says.
	unread, err := rubric.Load(bytes.Replace(data, []byte("kind: scale,"), []byte("kind: gone,"), 1), "full.yaml", fakeKinds{}, nil)
	require.NoError(t, err)
	require.Equal(t, "gone", unread.Actions[0].Kind)

	require.Equal(t, data, r.Source)
	require.Regexp(t, `^sha256:[0-9a-f]{64}$`, r.SHA256)
	again, err := rubric.Load(append(bytes.Clone(data), '\n'), "full.yaml", fakeKinds{}, fakeActions{})
	require.NoError(t, err)
	require.NotEqual(t, r.SHA256, again.SHA256)
}

// TestBad compares what is said of every rubric in testdata/bad, to the letter,
// in both languages.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			r, err := rubric.Load(data, name+".yaml", fakeKinds{}, fakeActions{})
			require.Nil(t, r)
			var problems diag.Problems
			require.True(t, errors.As(err, &problems), "%v", err)
			got := problems.Render(i18n.ZH) + "\n\n" + problems.Render(i18n.EN) + "\n"
			golden := "testdata/bad/" + name + ".txt"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

func TestTenMistakes(t *testing.T) {
	data, err := os.ReadFile("testdata/bad/ten.yaml")
	require.NoError(t, err)
	_, err = rubric.Load(data, "ten.yaml", fakeKinds{}, fakeActions{})
	var problems diag.Problems
	require.True(t, errors.As(err, &problems))
	require.GreaterOrEqual(t, len(problems), 10)
	for i, p := range problems {
		require.Positive(t, p.Pos.Line, "problem %d", i)
		require.Positive(t, p.Pos.Col, "problem %d", i)
		require.NotEmpty(t, p.Source, "problem %d", i)
	}
}

func TestParsePoints(t *testing.T) {
	for in, want := range map[string]string{"2": "2", "2.50": "2.5", " 0.25 ": "0.25", "-1": "-1", "1e2": "100"} {
		var p rubric.Points
		require.NoError(t, p.UnmarshalText([]byte(in)))
		require.Equal(t, want, p.String())
	}
	for _, in := range []string{"", "x", "0.125", "NaN", "Inf", "1e10"} {
		var p rubric.Points
		require.Error(t, p.UnmarshalText([]byte(in)), in)
	}
	require.Equal(t, rubric.Points(13), rubric.PointsOf(0.125), "halves go away from zero")
}

func TestTooBig(t *testing.T) {
	_, err := rubric.Load(bytes.Repeat([]byte("# filler\n"), 1<<17), "big.yaml", fakeKinds{}, fakeActions{})
	require.EqualError(t, err, "big.yaml: the file is larger than 1 MiB; it is not read")
}

func FuzzLoad(f *testing.F) {
	for _, glob := range []string{"testdata/bad/*.yaml", "testdata/good/*.yaml"} {
		files, err := filepath.Glob(glob)
		require.NoError(f, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := rubric.Load(data, "fuzz.yaml", fakeKinds{}, fakeActions{})
		if err != nil {
			require.Nil(t, r)
			require.NotEmpty(t, err.Error())
			return
		}
		// What passes adds up.
		var sum rubric.Points
		for _, task := range r.Tasks {
			var inTask rubric.Points
			for _, c := range task.Checks {
				require.NotNil(t, c.Params)
				inTask += c.Points
			}
			require.Equal(t, task.Points, inTask)
			sum += task.Points
		}
		require.Equal(t, r.Points, sum)
		require.Positive(t, sum)
	})
}

// fakeActions are one kind of action, with the parameters of a check.
type fakeActions struct{}

func (fakeActions) Names() []string { return []string{"scale"} }
func (fakeActions) NewParams(k string) (any, bool) {
	return &counted{Replicas: 2}, k == "scale"
}
