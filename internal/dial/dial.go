// Package dial opens connections, and nothing else in this module does: the test of imports
// holds all other code to that. So one list tells whom a program spoke to.
package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// timeout is for the connection alone: a caller with several addresses goes on soon
	// when one is down.
	timeout = 10 * time.Second
	// maxHeaderBytes bounds the head of an answer. Servers send a few hundred bytes.
	maxHeaderBytes = 64 << 10
)

// watcher is told of each address; nil but in tests.
var watcher atomic.Pointer[func(address string)]

// Watch has f told of every address that is dialled from now on, as its caller wrote it and
// before a name is looked up. It is for tests, and keeps nobody from dialling.
func Watch(f func(address string)) { watcher.Store(&f) }

// Transport returns a way to speak HTTP that uses no proxy of the environment. roots, if
// not nil, take the place of the system's.
func Transport(roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		DialContext:            connect,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    timeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		IdleConnTimeout:        time.Minute,
	}
}

func connect(ctx context.Context, network, address string) (net.Conn, error) {
	if f := watcher.Load(); f != nil {
		(*f)(address)
	}
	return (&net.Dialer{Timeout: timeout}).DialContext(ctx, network, address)
}
