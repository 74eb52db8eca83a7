package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/recovery"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// class60 is a class of that many students on some tasks of the lab ha-lb, as mixed as
// classes are: a third has it all, most of the others lose one to three checks, some much
// more, and a few are open.
func class60(t testing.TB, n int, lang i18n.Lang, tasks ...string) *result.Data {
	t.Helper()
	file, ok := rubrics.Find("ha-lb")
	require.True(t, ok)
	rub, err := rubric.Load(file, "ha-lb.yaml", check.Set{}, action.Set{})
	require.NoError(t, err)
	names := strings.Fields("张伟 王芳 李娜 刘洋 陈静 杨磊 赵敏 黄强 周杰 吴昊 徐晓明 孙丽华 欧阳文博 胡歌 朱婷 高远 林小雨 何俊杰 郭靖宇 马超")
	say := func(zh, en string) i18n.Msg {
		if lang == i18n.ZH {
			return said(zh)
		}
		return said(en)
	}
	troubles := []i18n.Msg{
		say("只有 1 个副本在运行，应至少 2 个", "1 replica runs, want at least 2"),
		say("经 HAProxy 发出 300 个请求，三个副本分到 150、75、75 个，不均匀（p = 0.0001）", "300 requests by way of HAProxy went 150, 75, 75 to three replicas, which is uneven (p = 0.0001)"),
		say("服务用的镜像是 nginx:latest，应是 traefik/whoami", "the service runs nginx:latest, want traefik/whoami"),
		say("任务只在 worker-1，应分布在至少 2 个节点：约束 node.role==worker 把它们限制在这里了", "tasks run on worker-1 only, want 2 nodes at least: the constraint node.role==worker keeps them there"),
		say("停机后 107 秒还只有 1 个副本在运行，没有恢复到原来的 2 个", "107 s after the node went down 1 replica runs, of 2 before"),
		say("haproxy.cfg 里没有 check，停掉的服务器还会分到请求", "no server line of haproxy.cfg has check: a dead server still gets requests"),
	}
	start := time.Date(2024, 11, 21, 10, 30, 0, 0, time.FixedZone("CST", 8*3600))
	d := &result.Data{
		Class: "cloud-2024", Title: "云计算 2024 级", Rubric: rub, Headings: []string{"行政班", "座位"},
		Run: result.Run{ID: "20241121-023000", Task: "auto", Status: "finished", Policy: "best", Tool: "0.1.0", RosterSHA256: "sha256:9f8e", Started: start, Finished: start.Add(9 * time.Minute)},
		Faults: []result.Fault{{
			Kind: "node-stop", Target: "manager-2", Injected: start.Add(time.Minute), Restored: start.Add(2 * time.Minute),
		}},
		Findings: []finding.Finding{{Kind: finding.SharedBackend, Students: []string{"202411210003", "202411210009"}, Task: tasks[0], Message: say("两份 haproxy.cfg 除了端口以外完全一样", "two files haproxy.cfg are the same but for the port")}},
	}
	if lang == i18n.EN {
		d.Title = "Cloud computing, autumn 2024"
	}
	seed := 7
	next := func(below int) int { seed = (seed*1103515245 + 12345) & 0x7fffffff; return seed >> 8 % 23 % below }
	for i := range n {
		s := result.Student{
			ID: fmt.Sprintf("2024112100%02d", i+1), Name: names[i%len(names)],
			Columns: map[string]string{"行政班": fmt.Sprintf("软工 24%02d", 1+i%3), "座位": fmt.Sprint(i + 1)},
		}
		for _, task := range tasks {
			x, _ := rub.Task(task)
			lost := map[string]check.Outcome{}
			for range []int{0, 0, 0, 1, 1, 1, 2, 2, 3, 6}[next(10)] {
				lost[x.Checks[next(len(x.Checks))].ID] = []check.Outcome{check.Fail, check.Fail, check.Partial}[next(3)]
			}
			if next(40) == 0 {
				lost[x.Checks[len(x.Checks)-1].ID] = check.Ungraded
			}
			for _, c := range x.Checks {
				v := judge.Verdict{
					Check: c.ID, Task: task, Outcome: check.Pass, Points: c.Points, Max: c.Points, Message: say("符合要求", "as wanted"),
					Observed: check.Facts{"replicas": 1}, Expected: check.Facts{"replicas": 2}, Evidence: "sha256:0011" + task,
				}
				o, bad := lost[c.ID]
				for _, need := range c.Needs {
					if lost[need] == check.Fail || lost[need] == check.Blocked {
						o, bad = check.Blocked, true
					}
				}
				if bad {
					lost[c.ID] = o
					v.Outcome, v.Points, v.Message = o, 0, troubles[next(len(troubles))]
					v.Hint = said("docker service update --replicas 2 s01")
					switch o {
					case check.Partial:
						v.Points = c.Points / 2
					case check.Blocked:
						v.Message = say("先改好前面的检查项", "mend what stands before it")
					case check.Ungraded:
						v.Message = say("压测机的网络断了", "the network of the load generator was down")
					}
				}
				if c.Kind == "recovers" {
					v.Observed = check.Facts{
						"target": "manager-2", "hit": 1, "before": 2, "down_s": 10 + float64(next(40))/10, "failed_share": float64(next(50)) / 100, "outage_s": float64(next(90)) / 10,
						"replaced_s": 15 + float64(next(90))/10, "answering_s": 16 + float64(next(90))/10, "recovered_s": 25 + float64(next(60))/10,
					}
					if v.Outcome == check.Fail {
						v.Observed["replaced_s"], v.Observed["answering_s"], v.Observed["recovered_s"] = nil, nil, nil
					}
				}
				s.Verdicts = append(s.Verdicts, v)
			}
		}
		d.Students = append(d.Students, s)
	}
	d.Students[4].Annotate([]result.Change{{Kind: result.SetPoints, Points: d.Students[4].Score("", "").Max - 500, Reason: "现场演示过", Who: "wang", When: start.AddDate(0, 0, 1)}}, rub)
	d.Students[7].Remark = "缓考"
	return d
}

// windowOf is a fault window with a request a second, of which those right after the
// fault fail.
func windowOf(s *result.Student) (*result.Timeline, error) {
	x := &result.Timeline{Kind: "node-stop", Target: "manager-2", From: -10, To: 90, Requests: recovery.Requests{Sent: 100, Failed: 12}}
	bad := int(s.ID[len(s.ID)-1]-'0') + 4
	for i := -10; i < 90; i++ {
		x.Probes = append(x.Probes, result.TimedProbe{At: float64(i), OK: i < 0 || i > bad*3 || i%2 == 0})
	}
	return x, nil
}
