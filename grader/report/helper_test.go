package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

var update = flag.Bool("update", false, "write golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func text(zh, en string) rubric.Text { return rubric.Text{ZH: zh, EN: en} }

func testRubric() *rubric.Rubric {
	task := func(id string, title rubric.Text, checks ...*rubric.Check) rubric.Task {
		t := rubric.Task{ID: id, Title: title, Checks: checks}
		for _, c := range checks {
			c.Task = id
			t.Points += c.Points
		}
		return t
	}
	c := func(id, kind string, points float64, title rubric.Text, needs ...string) *rubric.Check {
		return &rubric.Check{ID: id, Kind: kind, Points: rubric.PointsOf(points), Title: title, Needs: needs}
	}
	return &rubric.Rubric{
		ID: "ha-lb", Version: 2, SHA256: "sha256:" + "ab12cd34", Points: 10000,
		Title: text("Docker Swarm 高可用与负载均衡", "Docker Swarm high availability and load balancing"),
		Tasks: []rubric.Task{
			task("1", text("任务一：高可用性", "Task 1: high availability"),
				c("task1.service", "service-exists", 10, text("服务已创建且名称正确", "the service exists under its name")),
				c("task1.image", "service-image", 7.5, text("使用指定镜像", "the image is the lab's"), "task1.service"),
				c("task1.replicas", "service-replicas", 12.5, text("副本数正确", "the number of replicas"), "task1.service"),
				c("task1.answers", "answers", 10, text("发布端口能访问", "the published port answers"), "task1.replicas")),
			task("2", text("任务二：VIP 与外部 HAProxy", "Task 2: VIP and external HAProxy"),
				c("task2.haproxy", "haproxy-found", 20, text("找到 HAProxy 容器", "an HAProxy is found")),
				c("task2.spread", "spread", 40, text("请求均匀分到各副本", "requests spread evenly"), "task2.haproxy")),
		},
	}
}

// A key without a sentence is said as it stands, which lets the tests put
// words in a check's mouth.
func said(reason string) i18n.Msg { return i18n.M(reason) }

func verdict(rub *rubric.Rubric, id string, outcome check.Outcome, points float64, reason string) judge.Verdict {
	c, ok := rub.Check(id)
	if !ok {
		panic(id)
	}
	v := judge.Verdict{
		Check: id, Task: c.Task, Outcome: outcome, Points: rubric.PointsOf(points), Max: c.Points,
		Observed: check.Facts{"replicas": 1, "service": "s01"}, Expected: check.Facts{"replicas": 2},
		Message: said(reason), Evidence: "sha256:0011" + c.Task,
	}
	if outcome != check.Pass {
		v.Hint = said("docker service scale s01=2")
	}
	return v
}

func passing(rub *rubric.Rubric) []judge.Verdict {
	var vs []judge.Verdict
	for _, task := range rub.Tasks {
		for _, c := range task.Checks {
			vs = append(vs, verdict(rub, c.ID, check.Pass, c.Points.Float(), "ok"))
		}
	}
	return vs
}

// hostile is text that would do harm if a report let it through.
const hostile = "=HYPERLINK(\"http://evil.example\",\"点我\")\x1b[2J\x07\u202eabc\r\nx\x00"

// testData is a class with every outcome, odd IDs and hostile text.
func testData() *result.Data {
	rub := testRubric()
	set := func(vs []judge.Verdict, changed ...judge.Verdict) []judge.Verdict {
		for _, c := range changed {
			for i := range vs {
				if vs[i].Check == c.Check {
					vs[i] = c
				}
			}
		}
		return vs
	}
	bad := verdict(rub, "task1.image", check.Fail, 0, hostile)
	bad.Observed = check.Facts{"image": hostile, "list": []any{"a", 1.5}, "=cmd": "x"}
	part := result.Student{ID: "0020240106", Name: "王五", Verdicts: passing(rub)[:4], Remark: "第二题缓考"}
	part.Complete(rub, result.Look{Class: []string{"1", "2"}})
	start := time.Date(2024, 11, 21, 10, 30, 0, 0, time.FixedZone("CST", 8*3600))
	return &result.Data{
		Class: "2024A", Title: "云计算 2024A 班", Rubric: rub,
		Run: result.Run{
			ID: "20241121-023000", Task: "auto", Status: "finished", Policy: "best", Tool: "0.1.0",
			RosterSHA256: "sha256:9f8e", Started: start, Finished: start.Add(4 * time.Minute),
		},
		Students: []result.Student{
			{ID: "0020240101", Name: "张三", Verdicts: passing(rub)},
			{ID: "0020240102", Name: "欧阳娜娜", Verdicts: set(passing(rub),
				verdict(rub, "task2.spread", check.Partial, 25, "三个副本分到 150、75、75 个请求，不均匀"))},
			{ID: "202411210000000103", Name: hostile, Verdicts: set(passing(rub), bad,
				verdict(rub, "task1.replicas", check.Fail, 0, "只要求了 1 个副本，应至少 2 个"),
				verdict(rub, "task1.answers", check.Blocked, 0, "先让“副本数正确”通过"))},
			{ID: "0020240104", Name: "Müller, Jürgen", Verdicts: set(passing(rub),
				verdict(rub, "task2.spread", check.Ungraded, 0, "压测机的网络断了"))},
			{ID: "0020240105", Name: "李四", Verdicts: set(passing(rub),
				verdict(rub, "task2.haproxy", check.Fail, 0, "没有找到 HAProxy"),
				verdict(rub, "task2.spread", check.Blocked, 0, "先让 HAProxy 跑起来")),
				Overrides: []result.Override{{Points: 8850, Reason: "现场演示过，补 48.5 分", Who: "王老师", When: start.AddDate(0, 0, 1)}}},
			part,
			{ID: "0020240107", Name: "@赵六"},
		},
		Faults: []result.Fault{
			{Kind: "node-stop", Target: "manager-2", Injected: start.Add(time.Minute), Restored: start.Add(2 * time.Minute)},
			{Kind: "node-drain", Target: "manager-3", Injected: start.Add(3 * time.Minute)},
		},
	}
}

func render(t *testing.T, f func(*bytes.Buffer) error) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, f(&buf))
	return buf.Bytes()
}

// class makes a class of n students for sizes.
func class(n int) *result.Data {
	d := testData()
	one := d.Students
	d.Students = nil
	for i := range n {
		s := one[i%len(one)]
		s.ID = time.Unix(int64(i), 0).UTC().Format("20060102150405")
		d.Students = append(d.Students, s)
	}
	return d
}
