package swarm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/containerd/errdefs"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/local"
)

// Error says which endpoint failed, what happened and what to try.
type Error struct {
	// Failure has the codes "config" (the class file or the files it names
	// must be mended), "unreachable", "timeout", "cancelled", "denied",
	// "too-large", "no-manager", "no-leader", "gone", "local" (this machine is short
	// of descriptors, ports or memory), "internal".
	diag.Failure
	// Endpoint is the address as in the class file; "" when the trouble is not
	// one endpoint's.
	Endpoint string
	// Others are the single failures where several endpoints were tried.
	Others []*Error
}

// As makes errors.As find the failure that it is.
func (e *Error) As(target any) bool {
	if t, ok := target.(**diag.Failure); ok {
		*t = &e.Failure
		return true
	}
	return false
}

// Failures are the failure that it is, then those of single endpoints.
func (e *Error) Failures() []*diag.Failure {
	all := []*diag.Failure{&e.Failure}
	for _, other := range e.Others {
		all = append(all, &other.Failure)
	}
	return all
}

// GapCode is the word that evidence.Gap uses for this failure.
func (e *Error) GapCode() string {
	switch e.Code {
	case "unreachable", "timeout", "cancelled", "denied", "too-large", "internal", "local":
		return e.Code
	case "no-manager", "no-leader":
		return "unreachable"
	}
	return "internal"
}

// fail makes the error of a named problem. Its sentence is "swarm.<problem>",
// its advice "swarm.<problem>_hint"; both take the same values.
func fail(endpoint, code, problem string, cause error, pairs ...any) *Error {
	pairs = append([]any{"endpoint", endpoint}, pairs...)
	return &Error{Endpoint: endpoint, Failure: diag.Failure{
		Code: code, Cause: cause,
		Msg:  i18n.M("swarm."+problem, pairs...),
		Hint: i18n.M("swarm."+problem+"_hint", pairs...),
	}}
}

// explain names the trouble behind an error of an endpoint. parent is the
// caller's context: its end is a cancellation, not the engine's fault.
func explain(parent context.Context, endpoint string, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		if known.Endpoint == "" && endpoint != "" {
			known.Endpoint = endpoint
		}
		return known
	}
	if errors.Is(parent.Err(), context.Canceled) {
		return fail(endpoint, "cancelled", "cancelled", nil)
	}
	cause := err
	var rt *roundTripError
	if errors.As(err, &rt) {
		cause = rt.cause
	}
	for _, classify := range []func(string, error) *Error{explainBound, explainTLS, explainNet, explainAPI} {
		if e := classify(endpoint, cause); e != nil {
			return e
		}
	}
	return fail(endpoint, "internal", "api_error", cause)
}

func explainBound(endpoint string, err error) *Error {
	if errors.Is(err, errTooLarge) {
		return fail(endpoint, "too-large", "too_large", nil, "mib", maxResponse>>20)
	}
	if tooLarge(err) {
		return fail(endpoint, "too-large", "too_large", err, "mib", 16)
	}
	return nil
}

func explainTLS(endpoint string, err error) *Error {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		alert     tls.AlertError
		record    tls.RecordHeaderError
	)
	text := err.Error()
	switch {
	case errors.As(err, &authority):
		return fail(endpoint, "denied", "tls_authority", err)
	case errors.As(err, &name):
		return fail(endpoint, "denied", "tls_name", err)
	case errors.As(err, &invalid):
		return fail(endpoint, "denied", "tls_invalid", err)
	case errors.As(err, &alert), strings.Contains(text, "remote error: tls:"):
		return fail(endpoint, "denied", "tls_client", err)
	case errors.As(err, &record), strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return fail(endpoint, "config", "tls_unneeded", err)
	case strings.Contains(text, "HTTP request to an HTTPS server"), strings.Contains(text, "malformed HTTP response \"\\x15"):
		return fail(endpoint, "config", "tls_needed", err)
	}
	return nil
}

func explainNet(endpoint string, err error) *Error {
	var (
		dns     *net.DNSError
		timeout net.Error
	)
	switch {
	case local.Short(err):
		return fail(endpoint, "local", "local", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fail(endpoint, "unreachable", "refused", err)
	case errors.Is(err, os.ErrPermission):
		return fail(endpoint, "denied", "denied_socket", err)
	case errors.Is(err, os.ErrNotExist):
		return fail(endpoint, "unreachable", "no_socket", err)
	case errors.As(err, &dns):
		return fail(endpoint, "unreachable", "resolve", err)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fail(endpoint, "timeout", "timeout", err)
	case errors.As(err, new(*net.OpError)), errors.Is(err, http.ErrServerClosed):
		return fail(endpoint, "unreachable", "unreachable", err)
	}
	return nil
}

func explainAPI(endpoint string, err error) *Error {
	text := err.Error()
	switch {
	case strings.Contains(text, "does not have a leader"), strings.Contains(text, "no elected primary cluster manager"),
		strings.Contains(text, "code = DeadlineExceeded"):
		return fail(endpoint, "no-leader", "no_leader", err)
	case strings.Contains(text, "not a swarm manager"):
		return fail(endpoint, "no-manager", "not_manager", err)
	case errdefs.IsUnauthorized(err), errdefs.IsPermissionDenied(err):
		return fail(endpoint, "denied", "denied_api", err)
	case strings.Contains(text, "EOF"), errors.Is(err, syscall.ECONNRESET):
		return fail(endpoint, "unreachable", "broken_off", err)
	}
	return nil
}
