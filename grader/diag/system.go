package diag

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"swarmgrade/grader/i18n"
)

// systemWords are errors of the operating system that people meet, and what they are in words. Their own text is English
// whatever language somebody reads.
var systemWords = []struct {
	errno syscall.Errno
	key   string
}{
	{syscall.ENOENT, "system.missing"}, {syscall.EACCES, "system.denied"}, {syscall.EPERM, "system.denied"}, {syscall.EISDIR, "system.directory"},
	{syscall.ENOTDIR, "system.no_directory"}, {syscall.EBUSY, "system.busy"}, {syscall.ETXTBSY, "system.busy"}, {syscall.ENOSPC, "system.full"},
	{syscall.EDQUOT, "system.quota"}, {syscall.EROFS, "system.read_only"}, {syscall.EMFILE, "system.files"}, {syscall.EIO, "system.disk"},
}

// Reason is why something could not be done with a file: a message for what the operating system says often, which every
// language has words for, and the text of any other error.
func Reason(err error) any {
	var path *fs.PathError
	var errno syscall.Errno
	if errors.As(err, &path) && errors.As(path.Err, &errno) {
		for _, w := range systemWords {
			if w.errno == errno {
				return i18n.M(w.key)
			}
		}
	}
	return err.Error()
}

// Said is an error's text with what the operating system says in it in the reader's language, and without the name of its call.
func Said(lang i18n.Lang, err error) string {
	text := err.Error()
	var path *fs.PathError
	if errors.As(err, &path) {
		text = strings.Replace(text, path.Error(), path.Path+": "+path.Err.Error(), 1)
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		for _, w := range systemWords {
			if w.errno == errno {
				text = strings.ReplaceAll(text, errno.Error(), lang.T(w.key))
			}
		}
	}
	return text
}
