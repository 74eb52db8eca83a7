package diag

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
)

// What the operating system says of a file is said in the reader's language; whatever else is wrong keeps its text.
func TestWhatTheSystemSaysIsInTheReadersLanguage(t *testing.T) {
	dir := t.TempDir()
	_, missing := os.Open(filepath.Join(dir, "none.xlsx"))
	_, under := os.ReadFile(filepath.Join(dir, "none.xlsx"))
	_, directory := os.ReadFile(dir)
	for name, c := range map[string]struct {
		err      error
		zh, en   string
		language bool // Reason has words for it
	}{
		"missing":   {missing, dir + "/none.xlsx: 文件不存在", dir + "/none.xlsx: no such file or directory", true},
		"again":     {fmt.Errorf("reading: %w", under), "reading: " + dir + "/none.xlsx: 文件不存在", "reading: " + dir + "/none.xlsx: no such file or directory", true},
		"directory": {directory, dir + ": 这是一个目录，不是文件", dir + ": this is a directory and no file", true},
		"denied":    {&fs.PathError{Op: "open", Path: "a", Err: syscall.EACCES}, "a: 没有权限", "a: permission denied", true},
		"locked":    {&fs.PathError{Op: "open", Path: "a", Err: syscall.EBUSY}, "a: 正被别的程序占用", "a: another program holds it", true},
		"full":      {&fs.PathError{Op: "write", Path: "a", Err: syscall.ENOSPC}, "a: 磁盘满了", "a: no space left on the disk", true},
		"a port": {&net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", syscall.EACCES)},
			"listen tcp: bind: 没有权限", "listen tcp: bind: permission denied", false},
		"another": {errors.New("zip: not a valid zip file"), "zip: not a valid zip file", "zip: not a valid zip file", false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.zh, Said(i18n.ZH, c.err))
			require.Equal(t, c.en, Said(i18n.EN, c.err))
			_, words := Reason(c.err).(i18n.Msg)
			require.Equal(t, c.language, words)
		})
	}
}
