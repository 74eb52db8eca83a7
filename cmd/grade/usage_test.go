package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestUsageInWords: whatever is wrong with a command line is said in the
// language that it asks for, also when that stands behind the mistake.
func TestUsageInWords(t *testing.T) {
	for _, c := range []struct {
		args   []string
		zh, en string
	}{
		{[]string{"--bogus"}, "没有 --bogus 这个选项", "unknown flag: --bogus"},
		{[]string{"-x"}, "没有 -x 这个选项", "unknown flag: -x"},
		{[]string{"plan", "--parallel", "many"}, "--parallel 不能是 many，应是整数，例如 8", "--parallel cannot be many; it takes a whole number such as 8"},
		{[]string{"load", "--p99", "soon", "127.0.0.1"}, "--p99 不能是 soon，应是时长，例如 200ms、1.5s、2m", "--p99 cannot be soon; it takes a duration such as 200ms, 1.5s or 2m"},
		{[]string{"override", "--class", "2024A"}, "需要 1 到 2 个参数，给了 0 个\n    → 写法：grade override --class 班级 学号 [检查项]；", "1 to 2 arguments are needed, 0 were given\n    → write it as: grade override --class CLASS ID [CHECK]; "},
		{[]string{"lab", "stop"}, "需要 1 个参数，给了 0 个", "1 argument is needed, 0 were given"},
		{[]string{"sim", "--empty", "--students", "3"}, "这几个选项只能给一个：--empty --students", "only one of these can be given: --empty --students"},
		{[]string{"runz"}, "grade 没有 runz 这个命令", "grade has no command runz"},
	} {
		for lang, want := range map[string]string{"zh": c.zh, "en": c.en} {
			var out, errs bytes.Buffer
			cmd := command{Stdin: &bytes.Buffer{}, Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}
			require.Equal(t, exitUsage, cmd.Main(t.Context(), append(c.args, "--lang", lang)), c.args)
			require.Contains(t, errs.String(), want)
			require.Empty(t, out.String())
		}
	}
	var errs bytes.Buffer
	cmd := command{Stdin: &bytes.Buffer{}, Stdout: &errs, Stderr: &errs, Getenv: func(string) string { return "" }}
	require.Equal(t, exitUsage, cmd.Main(t.Context(), []string{"--lang=zh", "--class"}))
	require.Contains(t, errs.String(), "--class 后面要跟一个值")
}

func TestLangOf(t *testing.T) {
	for want, args := range map[string][]string{
		"zh": {"runs", "--lang", "zh"}, "en": {"--lang=en", "--lang=zh"}, "": {"--", "--lang", "zh"},
	} {
		require.Equal(t, want, langOf(args))
	}
	require.Empty(t, langOf([]string{"--lang"}))
}
