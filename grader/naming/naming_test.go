package naming_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/naming"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

// handout are the variables of the lab's handout.
func handout() *rubric.Rubric {
	return vars(
		"nn text last(digits(id), 2)",
		`service name "s" + nn`,
		"published port 8000 + int(nn)",
		`haproxy name "haproxy-" + nn`,
		"frontend port 9000 + int(nn)",
		`network name "dnsrr-" + nn`,
	)
}

func vars(lines ...string) *rubric.Rubric {
	r := &rubric.Rubric{ID: "demo", File: "demo.yaml"}
	for _, l := range lines {
		f := strings.SplitN(l, " ", 3)
		r.Vars = append(r.Vars, rubric.Var{Name: f[0], Kind: f[1], Expr: f[2]})
	}
	return r
}

// class reads a roster as the program does, so that places are real.
func class(t testing.TB, csv string) *roster.Class {
	t.Helper()
	list, err := roster.ReadRoster(t.Context(), []byte(csv), "2024A.csv")
	require.NoError(t, err)
	return &roster.Class{Name: "2024A", Students: list.Students, Headings: list.Headings}
}

func TestDerive(t *testing.T) {
	got, err := naming.Derive(handout(), class(t, "学号,姓名,published,service\n0020240101,张三,,\n0020240102,李四,8123,stack_s02\n"))
	require.NoError(t, err)
	require.Equal(t, map[string]map[string]string{
		"0020240101": {"nn": "01", "service": "s01", "published": "8001", "haproxy": "haproxy-01", "frontend": "9001", "network": "dnsrr-01"},
		"0020240102": {"nn": "02", "service": "stack_s02", "published": "8123", "haproxy": "haproxy-02", "frontend": "9002", "network": "dnsrr-02"},
	}, got)
}

func TestOverrideReachesWhatBuildsOnIt(t *testing.T) {
	got, err := naming.Derive(handout(), class(t, "id,name,nn\n0101,a,\n0201,b,31\n"))
	require.NoError(t, err)
	require.Equal(t, "s31", got["0201"]["service"])
	require.Equal(t, "8031", got["0201"]["published"])
}

func TestProblems(t *testing.T) {
	const h = "id,name\n"
	tests := []struct {
		name string
		rub  *rubric.Rubric
		csv  string
		want []string
	}{
		{"full ID as a port", vars("published port 8000 + int(id)"), h + "2024001,Li\n", []string{
			`2024A.csv:2:1: port published of Li (2024001) is 2032001 (by the rule 8000 + int(id)), which is not within 1 to 65535`,
		}},
		{"port zero", vars("p port int(id) - 7"), h + "7,Li\n", []string{
			`2024A.csv:2:1: port p of Li (7) is 0 (by the rule int(id) - 7), which is not within 1 to 65535`,
		}},
		{"port with zeros in front", vars("p port 1"), "id,name,p\n7,Li,08001\n", []string{
			`2024A.csv:2:1: port p of Li (7) is 08001 (from the roster's column p), which is not within 1 to 65535`,
		}},
		{"no digits", handout(), h + "anna,Anna\n", []string{
			`2024A.csv:2:1: nn of Anna (anna) cannot be computed by the rule last(digits(id), 2): "anna" has no digits`,
		}},
		{"division", vars("p port 1 / (int(id) - 7)"), h + "7,Li\n", []string{
			`2024A.csv:2:1: p of Li (7) cannot be computed by the rule 1 / (int(id) - 7): 1 / 0 divides by zero`,
		}},
		{"name that Docker refuses", vars(`service name "s" + name`), h + "1,李四\n", []string{
			`2024A.csv:2:1: name service of 李四 (1) is "s李四" (by the rule "s" + name), which Docker refuses: letters, digits, hyphens and underscores, a letter or digit at both ends, at most 63 characters`,
		}},
		{"long name", vars(`service name id + id`), h + strings.Repeat("1", 40) + ",Li\n", []string{
			`2024A.csv:2:1: name service of Li (` + strings.Repeat("1", 40) + `) is "` + strings.Repeat("1", 80) + `" (by the rule id + id), which Docker refuses: letters, digits, hyphens and underscores, a letter or digit at both ends, at most 63 characters`,
		}},
		{"all of two students", handout(), h + "0101,Li\n0102,Wu\n0201,Xu\n", []string{
			`2024A.csv:4:1: Xu (0201) clashes with Li (0101) on line 2: service is s01 for both, published is 8001 for both, haproxy is haproxy-01 for both, frontend is 9001 for both, network is dnsrr-01 for both (the rule of nn is last(digits(id), 2))`,
		}},
		{"a port of another variable", vars("a port 8000 + int(id)", "b port 9000 + int(id)"), h + "1,Li\n1001,Wu\n", []string{
			`2024A.csv:3:1: Wu (1001) clashes with Li (1) on line 2: a is 9001, which is also the other's b (the rule of a is 8000 + int(id))`,
		}},
		{"a column that collides", handout(), "id,name,published\n01,Li,\n02,Wu,8001\n", []string{
			`2024A.csv:3:1: Wu (02) clashes with Li (01) on line 2: published is 8001 for both (the rule of published is 8000 + int(nn))`,
		}},
		{"everything at once", handout(), h + "0101,Li\nx,Wu\n0201,Xu\ny,Yu\n", []string{
			`2024A.csv:3:1: nn of Wu (x) cannot be computed by the rule last(digits(id), 2): "x" has no digits`,
			`2024A.csv:4:1: Xu (0201) clashes with Li (0101) on line 2: service is s01 for both, published is 8001 for both, haproxy is haproxy-01 for both, frontend is 9001 for both, network is dnsrr-01 for both (the rule of nn is last(digits(id), 2))`,
			`2024A.csv:5:1: nn of Yu (y) cannot be computed by the rule last(digits(id), 2): "y" has no digits`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := naming.Derive(tt.rub, class(t, tt.csv))
			require.Nil(t, got)
			var problems diag.Problems
			require.True(t, errors.As(err, &problems))
			var first []string
			for _, p := range problems {
				line, _, _ := strings.Cut(diag.Problems{p}.Render(i18n.EN), "\n")
				first = append(first, line)
				require.False(t, p.Hint.Empty())
			}
			require.Equal(t, tt.want, first)
		})
	}
}

func TestWhatIsNoCollision(t *testing.T) {
	tests := map[string]struct {
		rub *rubric.Rubric
		csv string
	}{
		"text may be shared":               {vars(`group text "g"`), "id,name\n1,a\n2,b\n"},
		"names of different variables":     {vars(`a name "x" + id`, `b name "x" + text(int(id) + 1)`), "id,name\n1,a\n2,b\n"},
		"a student's own two ports":        {vars("a port 8000 + int(id)", "b port 8000 + int(id)"), "id,name\n1,a\n2,b\n"},
		"a container's name may have dots": {vars(`c name "c" + id`), "id,name,c\n1,a,haproxy.01\n2,b,\n"},
		"no variables":                     {vars(), "id,name\n1,a\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := naming.Derive(tt.rub, class(t, tt.csv))
			require.NoError(t, err)
		})
	}
}

// TestWhatIsSeen shows a whole message in both languages.
func TestWhatIsSeen(t *testing.T) {
	_, err := naming.Derive(handout(), class(t, "学号,姓名\n0020240101,张三\n0020240201,李四\n"))
	var problems diag.Problems
	require.True(t, errors.As(err, &problems))
	want, err := os.ReadFile("testdata/collision.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), problems.Render(i18n.ZH)+"\n\n"+problems.Render(i18n.EN)+"\n")
}

func TestBadFormula(t *testing.T) {
	_, err := naming.Derive(vars("p port 8000 + nn"), class(t, "id,name\n1,a\n"))
	require.ErrorContains(t, err, `demo.yaml: the expression of variable p is wrong: there is no variable "nn" here`)
}

// TestNobodySharesAPort: whatever the roster, either everybody has ports and
// names of their own and within range, or each who has not is named.
func TestNobodySharesAPort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`[0-9a-c]{1,6}`), 1, 30, rapid.ID).Draw(t, "ids")
		c := &roster.Class{}
		for i, id := range ids {
			s := roster.Student{ID: id, Name: "n" + strconv.Itoa(i), Pos: diag.Pos{File: "r", Line: i + 2}}
			if rapid.IntRange(0, 4).Draw(t, "override") == 0 {
				s.Columns = map[string]string{"published": strconv.Itoa(rapid.IntRange(0, 70000).Draw(t, "port"))}
			}
			c.Students = append(c.Students, s)
		}
		got, err := naming.Derive(handout(), c)
		ports, names := map[string]string{}, map[string]string{}
		bad := map[int]bool{}
		if err != nil {
			require.Nil(t, got)
			var problems diag.Problems
			require.True(t, errors.As(err, &problems))
			for _, p := range problems {
				bad[p.Pos.Line] = true
			}
			require.NotEmpty(t, bad)
			// Without those who were named, the rest must pass.
			rest := &roster.Class{}
			for _, s := range c.Students {
				if !bad[s.Pos.Line] {
					rest.Students = append(rest.Students, s)
				}
			}
			got, err = naming.Derive(handout(), rest)
			require.NoError(t, err)
		}
		for id, v := range got {
			for _, name := range []string{"published", "frontend"} {
				port, err := strconv.Atoi(v[name])
				require.NoError(t, err)
				require.True(t, port >= 1 && port <= 65535)
				if other, taken := ports[v[name]]; taken {
					require.Equal(t, id, other, "port %s", v[name])
				}
				ports[v[name]] = id
			}
			require.NotContains(t, names, v["service"])
			names[v["service"]] = id
		}
	})
}

func BenchmarkDerive(b *testing.B) {
	c := &roster.Class{}
	for i := range 5000 {
		c.Students = append(c.Students, roster.Student{ID: fmt.Sprintf("2024%06d", i), Name: "n"})
	}
	r := vars("nn text last(digits(id), 4)", `service name "s" + nn`, "published port 20000 + int(nn)",
		`haproxy name "haproxy-" + nn`, "frontend port 30000 + int(nn)", `network name "dnsrr-" + nn`)
	for b.Loop() {
		if _, err := naming.Derive(r, c); err != nil {
			b.Fatal(err)
		}
	}
}
