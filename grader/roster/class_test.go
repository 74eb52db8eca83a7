package roster_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

const full = `class: 2024A
title: 云计算 2024A 班
roster: lists/2024A.csv
rubric: ./ha-lb.yaml
cluster:
  endpoints: [tcp://172.30.0.11:2375, ssh://root@manager-2:2222, unix:///var/run/docker.sock]
  tls: {ca: ca.pem, cert: /etc/cert.pem, key: ~/key.pem}
  ssh: {identity: id, known_hosts: hosts}
  nodes: {manager-1: 172.30.0.11, manager-2: node2.lab}
fault: {kind: node-stop, user: root, port: 2222, identity: id_ed25519, known_hosts: hosts, stop: "a; b", start: c}
late: {due: 2024-06-01T23:59:00+08:00, per_day: 10%, cap: 12.5, grace: 10m}
settings: {parallel: 4, rate: 500, attempts: last, lang: zh}
`

func TestLoadClass(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", "/home/teacher")
	write(t, dir, "classes/2024A.yaml", full)
	write(t, dir, "classes/lists/2024A.csv", plain)
	c, err := roster.LoadClass(t.Context(), roster.Options{Name: "2024A", Cwd: dir})
	require.NoError(t, err)
	in := func(name string) string { return filepath.Join(dir, "classes", name) }
	require.Equal(t, &roster.Class{
		Name: "2024A", Title: "云计算 2024A 班", File: in("2024A.yaml"), Dir: in(""), Rubric: in("ha-lb.yaml"),
		Cluster: roster.Cluster{
			Endpoints: []string{"tcp://172.30.0.11:2375", "ssh://root@manager-2:2222", "unix:///var/run/docker.sock"},
			TLS:       &roster.TLS{CA: in("ca.pem"), Cert: "/etc/cert.pem", Key: "/home/teacher/key.pem"},
			SSH:       &roster.SSH{Identity: in("id"), KnownHosts: in("hosts")},
			Nodes:     map[string]string{"manager-1": "172.30.0.11", "manager-2": "node2.lab"},
		},
		Fault: roster.Fault{Kind: "node-stop", User: "root", Port: 2222, Identity: in("id_ed25519"), KnownHosts: in("hosts"), Stop: "a; b", Start: "c"},
		Late: &roster.Late{
			Due: c.Late.Due, PerDay: roster.Amount{Hundredths: 1000, Percent: true}, Cap: roster.Amount{Hundredths: 1250}, Grace: 10 * time.Minute,
		},
		Settings: roster.Settings{Parallel: 4, Rate: 500, Attempts: "last", Lang: "zh"},
		Roster:   in("lists/2024A.csv"), Students: c.Students, Headings: c.Headings,
		RosterSHA256: c.RosterSHA256,
	}, c)
	require.Equal(t, "2024-06-01T15:59:00Z", c.Late.Due.UTC().Format(time.RFC3339))
	require.Len(t, c.Students, 2)
	require.Equal(t, diag.Pos{File: in("lists/2024A.csv"), Line: 2, Col: 1}, c.Students[0].Pos)
	require.Regexp(t, `^sha256:[0-9a-f]{64}$`, c.RosterSHA256)
}

const small = "class: NAME\nrubric: ha-lb\ncluster: {sim: lab}\nstudents: [{id: \"1\", name: FROM}]\n"

func class(name, from string) string {
	return strings.NewReplacer("NAME", name, "FROM", from).Replace(small)
}

// TestWhereClassesAreFound: --dir before $GRADE_HOME before the working
// directory before the samples.
func TestWhereClassesAreFound(t *testing.T) {
	dir, home, cwd := t.TempDir(), t.TempDir(), t.TempDir()
	samples := fstest.MapFS{
		"A.yaml": {Data: []byte(class("A", "sample"))}, "B.yaml": {Data: []byte(class("B", "sample"))},
		"C.yaml": {Data: []byte(class("C", "sample"))}, "D.yaml": {Data: []byte(class("D", "sample"))},
		"E.yaml": {Data: []byte("class: E\nrubric: ha-lb\ncluster: {sim: lab}\nroster: E.csv\n")},
		"E.csv":  {Data: []byte("id,name\n001,sample\n")},
	}
	for _, at := range []struct{ root, names, from string }{{dir, "A", "dir"}, {home, "A B", "home"}, {cwd, "A B C", "cwd"}} {
		for _, n := range strings.Fields(at.names) {
			write(t, at.root, "classes/"+n+".yaml", class(n, at.from))
		}
	}
	path := write(t, cwd, "elsewhere/mine.yaml", class("X", "path"))
	o := roster.Options{Dir: dir, Home: home, Cwd: cwd, Samples: samples}
	for name, from := range map[string]string{
		"A": "dir", "B": "home", "C": "cwd", "D": "sample", "E": "sample", path: "path", "elsewhere/mine.yaml": "path",
	} {
		o.Name = name
		c, err := roster.LoadClass(t.Context(), o)
		require.NoError(t, err, name)
		require.Equal(t, from, c.Students[0].Name, name)
	}
	o.Name = "E"
	c, err := roster.LoadClass(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, "builtin:E", c.File)
	require.Equal(t, "builtin:E.csv", c.Students[0].Pos.File)
	require.Empty(t, c.Dir)
	require.Equal(t, roster.Settings{Parallel: 8, Rate: 2000, Attempts: "best"}, c.Settings)
	require.Equal(t, "E", c.Title)
}

func TestClassNotFound(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "classes/2024A.yaml", "")
	write(t, dir, "classes/notes.txt", "")
	o := roster.Options{Name: "2024B", Dir: dir, Cwd: dir + "/.", Samples: fstest.MapFS{"demo.yaml": {}}}
	_, err := roster.LoadClass(t.Context(), o)
	var problems diag.Problems
	require.True(t, errors.As(err, &problems))
	where := filepath.Join(dir, "classes")
	require.Equal(t, "--class: 找不到班级“2024B”\n    → 是不是 2024A？找过 "+where+"；现有班级：2024A、demo", problems.Render(i18n.ZH))

	o.Name = "something else"
	_, err = roster.LoadClass(t.Context(), o)
	require.EqualError(t, err, "--class: there is no class \"something else\"\n    → looked in "+where+"; classes: 2024A, demo")

	_, err = roster.LoadClass(t.Context(), roster.Options{Cwd: t.TempDir()})
	require.ErrorContains(t, err, "--class: no class was named")

	gone := filepath.Join(dir, "gone.yaml")
	_, err = roster.LoadClass(t.Context(), roster.Options{Name: gone})
	require.ErrorContains(t, err, gone+": the file "+gone+" does not exist")

	require.NoError(t, os.Mkdir(filepath.Join(dir, "classes", "odd.yaml"), 0o755))
	o.Name = "odd"
	_, err = roster.LoadClass(t.Context(), o)
	require.ErrorContains(t, err, "odd.yaml is no regular file")
}

func TestClassErrors(t *testing.T) {
	const rest = "rubric: ha-lb\ncluster: {sim: lab}\nstudents: [{id: 1, name: n}]\n"
	with := func(cluster string) string {
		return "class: T\nrubric: ha-lb\nstudents: [{id: 1, name: n}]\ncluster: " + cluster + "\n"
	}
	ep := func(e string) string { return with("{endpoints: [\"" + e + "\"]}") }
	tests := []struct{ name, in, want string }{
		{"unknown key", "class: T\n" + rest + "clusters: {}\n", "5:1: 不认识“clusters”"},
		{"class missing", rest, "1:1: 缺少“class”"},
		{"class as a path", "class: ../x\n" + rest, "1:8: 班级名“../x”不能用"},
		{"class of another file", "class: U\n" + rest, "1:8: 文件叫 T.yaml，里面写的却是班级“U”"},
		{"rubric missing", "class: T\ncluster: {sim: lab}\nstudents: [{id: 1, name: n}]\n", "1:1: 缺少“rubric”"},
		{"no roster", "class: T\nrubric: r\ncluster: {sim: lab}\n", "1:1: 没有学生名单"},
		{"two rosters", "class: T\n" + rest + "roster: x.csv\n", "4:1: roster 和 students 只能写一个"},
		{"roster gone", "class: T\nrubric: r\ncluster: {sim: lab}\nroster: x.csv\n", "4:9: 文件 DIR/x.csv 不存在"},
		{"no students", "class: T\nrubric: r\ncluster: {sim: lab}\nstudents: []\n", "4:11: 名单里一个学生也没有"},
		{"no cluster", "class: T\nrubric: r\nstudents: [{id: 1, name: n}]\n", "1:1: 缺少“cluster”"},
		{"two ways", with("{sim: lab, context: lab}"), "4:10: endpoints、context、sim 要写一个且只写一个，这里有 2 个"},
		{"no way", with("{}"), "4:10: endpoints、context、sim 要写一个且只写一个，这里有 0 个"},
		{"no endpoints", with("{endpoints: []}"), "4:22: endpoints 是空的"},
		{"twice", with("{endpoints: [ssh://a, ssh://a]}"), "4:32: ssh://a 写了两遍，第一遍在第 4 行"},
		{"no scheme", ep("172.30.0.11:2375"), "4:23: “172.30.0.11:2375”要以 unix://、tcp:// 或 ssh:// 开头"},
		{"http", ep("http://a:2375"), "4:23: “http://a:2375”要写成 tcp://"},
		{"npipe", ep("npipe:////./pipe/docker"), "4:23: “npipe:////./pipe/docker”要以 unix://、tcp:// 或 ssh:// 开头"},
		{"relative socket", ep("unix://docker.sock"), "4:23: “unix://docker.sock”里的套接字要写绝对路径（unix:// 后面再跟一个 /）"},
		{"no port", ep("tcp://a"), "4:23: “tcp://a”的端口要在 1 到 65535 之间，并且不能省略"},
		{"port too high", ep("tcp://a:65536"), "4:23: “tcp://a:65536”的端口要在 1 到 65535 之间，并且不能省略"},
		{"no host", ep("tcp://:2375"), "4:23: “tcp://:2375”里的主机写得不对"},
		{"bad address", ep("tcp://172.30.0.300:2375"), "4:23: “tcp://172.30.0.300:2375”里的主机写得不对"},
		{"path", ep("tcp://a:1/x"), "4:23: “tcp://a:1/x”里的主机写得不对"},
		{"password", ep("ssh://root:secret@a"), "4:23: “ssh://root:xxxxx@a”里不要写密码；用 ssh.identity 指定密钥"},
		{"tls without tcp", with("{endpoints: [ssh://a], tls: {ca: x}}"), "4:33: 写了 tls，可是没有一个 tcp:// 的地址"},
		{"ssh without ssh", with("{sim: lab, ssh: {identity: x}}"), "4:21: 写了 ssh，可是没有一个 ssh:// 的地址"},
		{"half a pair", with("{endpoints: [tcp://a:1], tls: {cert: x}}"), "4:40: cert 和 key 要成对"},
		{"node with port", with("{sim: lab, nodes: {m1: \"10.0.0.1:80\"}}"), "4:33: 节点 m1 的地址“10.0.0.1:80”写得不对"},
		{"fault kind", "class: T\n" + rest + "fault: {kind: node-stopp}\n", "5:15: 不能写“node-stopp”，只能是：node-stop、node-drain、task-kill、command"},
		{"half a command", "class: T\n" + rest + "fault: {kind: command, inject: a}\n", "5:8: 缺少“restore”"},
		{"key of another fault", "class: T\n" + rest + "fault: {kind: node-drain, user: root}\n", "5:27: “user”只用于 kind: node-stop，这里是 node-drain"},
		{"template", "class: T\n" + rest + "fault: {kind: command, inject: a, restore: \"b {{.Node\"}\n", "5:44: 命令模板有错（template: command:1: unclosed action）"},
		{"unknown placeholder", "class: T\n" + rest + "fault: {kind: command, inject: \"a {{.Host}}\", restore: b}\n", "5:32: 命令模板有错（template: command:1:4: executing \"command\" at <.Host>: can't evaluate field Host in type struct { Node string; Address string }）"},
		{"stop without start", "class: T\n" + rest + "fault: {kind: node-stop, stop: a}\n", "5:8: 缺少“start”"},
		{"fault port", "class: T\n" + rest + "fault: {kind: node-stop, port: 0}\n", "5:32: 0 超出范围，应在 1 到 65535 之间"},
		{"parallel", "class: T\n" + rest + "settings: {parallel: 65}\n", "5:22: 65 超出范围，应在 1 到 64 之间"},
		{"rate", "class: T\n" + rest + "settings: {rate: 0}\n", "5:18: 0 超出范围，应在 1 到 100000 之间"},
		{"lang", "class: T\n" + rest + "settings: {lang: fr}\n", "5:18: 不能写“fr”，只能是：zh、en"},
		{"workers without a number", "class: T\n" + rest + "settings: {workers: {context: lab}}\n", "5:21: 缺少“count”"},
		{"too many workers", "class: T\n" + rest + "settings: {workers: {context: lab, count: 65}}\n", "5:43: 65 超出范围，应在 1 到 64 之间"},
		{"workers in two places", "class: T\n" + rest + "settings: {workers: {context: lab, endpoints: [ssh://a], count: 3}}\n", "5:21: 发压节点只能放在一个集群上：context 和 endpoints 只写一个"},
		{"workers in no place", "class: T\n" + rest + "settings: {workers: {count: 3}}\n", "5:21: 班级用的是程序内置的模拟集群，发压节点不能放在上面"},
		{"workers on a bad address", "class: T\n" + rest + "settings: {workers: {endpoints: [http://a:1], count: 3}}\n", "5:34: “http://a:1”要写成 tcp://"},
		{"workers of a bad context", "class: T\n" + rest + "settings: {workers: {context: \"a b\", count: 3}}\n", "5:31: “a b”不能是 Docker context 的名字"},
		{"workers of no swarm", "class: T\n" + rest + "settings: {workers: {context: lab, swarm: x, count: 3}}\n", "5:36: 不认识“swarm”"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := write(t, dir, "classes/T.yaml", tt.in)
			c, err := roster.LoadClass(t.Context(), roster.Options{Name: "T", Dir: dir, Cwd: dir})
			require.Nil(t, c)
			got := strings.ReplaceAll(firstLine(t, err), filepath.Dir(path), "DIR")
			require.Equal(t, "DIR/T.yaml:"+tt.want, got)
		})
	}
}

// TestClassAndRosterAtOnce: mistakes of both files come together.
func TestClassAndRosterAtOnce(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "classes/T.yaml", "class: T\nrubric: r\nroster: t.csv\ncluster: {sims: lab}\n")
	write(t, dir, "classes/t.csv", "id,name\n,n\n")
	_, err := roster.LoadClass(t.Context(), roster.Options{Name: "T", Cwd: dir})
	var problems diag.Problems
	require.True(t, errors.As(err, &problems))
	var keys []string
	for _, p := range problems {
		keys = append(keys, p.Msg.Key)
	}
	require.Equal(t, []string{"roster.cluster_ways", "yaml.unknown_key", "roster.blank_id"}, keys)
}

// TestInlineIDsStayText: whatever YAML would make of an ID, the text in the
// file counts.
func TestInlineIDsStayText(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "classes/T.yaml", `class: T
rubric: r
cluster: {sim: lab}
students:
  - {id: 0020240101, name: 张三, published: 08123}
  - {学号: 320102199001011234, 姓名: 李四}
  - id: 0123
    name: yes
  - {id: 1_000, name: Null Island}
  - {id: 0x1F, name: 王五}
`)
	c, err := roster.LoadClass(t.Context(), roster.Options{Name: "T", Cwd: dir})
	require.NoError(t, err)
	var ids, names []string
	for _, s := range c.Students {
		ids, names = append(ids, s.ID), append(names, s.Name)
	}
	require.Equal(t, []string{"0020240101", "320102199001011234", "0123", "1_000", "0x1F"}, ids)
	require.Equal(t, []string{"张三", "李四", "yes", "Null Island", "王五"}, names)
	require.Equal(t, map[string]string{"published": "08123"}, c.Students[0].Columns)
	require.Equal(t, 5, c.Students[0].Pos.Line)
	require.Equal(t, 10, c.Students[0].Pos.Col)
}

func TestInlineErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "classes/T.yaml", `class: T
rubric: r
cluster: {sim: lab}
students:
  - {id: 1, name: a}
  - {id: "1", name: b}
  - {id: 2.02E+11, name: c}
  - {id: 3}
  - {name: d}
  - just a name
`)
	_, err := roster.LoadClass(t.Context(), roster.Options{Name: "T", Cwd: dir})
	var problems diag.Problems
	require.True(t, errors.As(err, &problems))
	var got []string
	for _, p := range problems {
		got = append(got, i18n.EN.Text(p.Msg))
	}
	require.Equal(t, []string{
		"ID 1 occurs twice, first on line 5",
		"the ID has become a power of ten: 2.02E+11; its last digits are lost",
		`"name" is missing`,
		`"id" is missing`,
		`this must be a map of "key: value", not just a name`,
	}, got)
}

// TestPathInDir: a relative path is one of --dir's first, else one of the working
// directory; an absolute one is what it says.
func TestPathInDir(t *testing.T) {
	dir, cwd := t.TempDir(), t.TempDir()
	const text = "class: %\nrubric: ha-lb\ncluster: {sim: x}\nstudents: [{id: \"2024001\", name: 张三}]\n"
	class := func(root, file, name string) string {
		return write(t, root, file, strings.ReplaceAll(text, "%", name))
	}
	class(dir, "classes/both.yaml", "in-dir")
	at := class(cwd, "classes/both.yaml", "in-cwd")
	class(cwd, "only.yaml", "in-cwd")
	for _, tt := range []struct{ name, dir, want string }{
		{"classes/both.yaml", dir, "in-dir"},
		{"classes/both.yaml", "", "in-cwd"},
		{"only.yaml", dir, "in-cwd"},
		{at, dir, "in-cwd"},
	} {
		c, err := roster.LoadClass(t.Context(), roster.Options{Name: tt.name, Dir: tt.dir, Cwd: cwd})
		require.NoError(t, err, tt.name)
		require.Equal(t, tt.want, c.Name, tt.name)
	}
}

// TestWhereWorkersAre: in the swarm that is named, or the class's own, with its keys.
func TestWhereWorkersAre(t *testing.T) {
	own := roster.Cluster{Endpoints: []string{"ssh://a"}, SSH: &roster.SSH{Identity: "k"}, Nodes: map[string]string{"m": "10.0.0.1"}}
	require.Equal(t, own, (&roster.Workers{Count: 1}).Cluster(own))
	require.Equal(t, roster.Cluster{Context: "lab"}, (&roster.Workers{Context: "lab"}).Cluster(own))
	require.Equal(t, roster.Cluster{Endpoints: []string{"ssh://b"}, SSH: own.SSH}, (&roster.Workers{Endpoints: []string{"ssh://b"}}).Cluster(own))
}
