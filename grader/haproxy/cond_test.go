package haproxy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the load asks is GET / of an address: conditions that hold for it, that
// do not, and that nobody can tell of.
func TestConditionsForTheLoad(t *testing.T) {
	acls := []ACL{
		{Name: "all", Words: strings.Fields("src 0.0.0.0/0")},
		{Name: "lab", Words: strings.Fields("hdr(host) -i lab.example.edu")},
		{Name: "page", Words: strings.Fields("path /nothing")},
		{Name: "page", Words: strings.Fields("path /")},
		{Name: "inside", Words: strings.Fields("src 10.0.0.0/8")},
	}
	for text, want := range map[string]Truth{
		"":                                  True,
		"if TRUE":                           True,
		"if FALSE":                          False,
		"unless FALSE":                      True,
		"unless TRUE":                       False,
		"if METH_GET":                       True,
		"if METH_POST":                      False,
		"if !METH_POST":                     True,
		"if ! METH_POST":                    True,
		"if METH_POST or METH_GET":          True,
		"if METH_POST || inside":            Unknown,
		"if METH_POST inside":               False,
		"if METH_GET inside":                Unknown,
		"if METH_GET !inside or all":        True,
		"if all":                            True,
		"if page":                           True,
		"unless page":                       False,
		"if lab":                            False,
		"if nobody-defined-it":              Unknown,
		"if { path / }":                     True,
		"if { path /x }":                    False,
		"unless { path /x }":                True,
		"if !{ path /x }":                   True,
		"if { path_beg / }":                 True,
		"if { path_beg /a /b / }":           True,
		"if { path_beg -i /API }":           False,
		"if { path -m beg / }":              True,
		"if { path -m end .css .js }":       False,
		"if { path -i /my-stats }":          False,
		"if { path_dir img }":               False,
		"if { path_reg ^/$ }":               Unknown,
		"if { path_len 1 }":                 Unknown,
		"if { path -f /etc/list }":          Unknown,
		"if { url / }":                      True,
		"if { method GET }":                 True,
		"if { method -- POST PUT }":         False,
		"if { src ::/0 }":                   Unknown,
		"if { src 10.0.0.0/8 0.0.0.0/0 }":   True,
		"if { always_true }":                True,
		"if { always_false }":               False,
		"if { ssl_fc }":                     False,
		"if { hdr(host) 10.0.0.1:9001 }":    Unknown,
		"if { hdr(host) -m found }":         Unknown,
		"if { req.hdr(Host,1) www.a.cn }":   False,
		"if { hdr_beg(host) -i www. }":      False,
		"if { hdr(x-request-id) -m found }": Unknown,
		"if { rand(2) 1 }":                  Unknown,
		"if { path":                         Unknown,
		"if {":                              Unknown,
		"if { }":                            Unknown,
	} {
		kind, words := "", strings.Fields(text)
		if len(words) > 0 {
			kind, words = words[0], words[1:]
		}
		require.Equal(t, want, Cond{Kind: kind, Words: words}.ForLoad(ACLsForLoad(acls)), text)
	}
}
