//go:build !linux

package loadgen

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
)

// benchServer answers as three containers, a connection each in turn, and ends
// with its standard input. How much more it would bear is not known here.
func benchServer(bool) int {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(ln.Addr())
	go func() {
		for r := bufio.NewReader(os.Stdin); ; {
			if _, err := r.ReadString('\n'); err != nil {
				os.Exit(0)
			}
			fmt.Println(0)
		}
	}()
	for n := 0; ; n++ {
		conn, err := ln.Accept()
		if err != nil {
			continue
		}
		text := []byte(plain(whoami(n % 3)))
		go func() {
			defer conn.Close()
			buf := make([]byte, 2048)
			used := 0
			for {
				k, err := conn.Read(buf[used:])
				if err != nil {
					return
				}
				used += k
				if !bytes.HasSuffix(buf[:used], []byte("\r\n\r\n")) {
					continue
				}
				closing := bytes.Contains(buf[:used], []byte("Connection: close"))
				used = 0
				if _, err := conn.Write(text); err != nil || closing {
					return
				}
			}
		}()
	}
}

func (j job) bare() outcome { return outcome{} }
