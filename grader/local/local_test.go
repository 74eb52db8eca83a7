package local

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShort(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)}
	require.True(t, Short(fmt.Errorf("load: %w", dial)))
	require.True(t, Short(&os.PathError{Op: "open", Path: "x", Err: syscall.EMFILE}))
	require.False(t, Short(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}))
	require.False(t, Short(nil))
}
