// Package btcdtest judges the library by btcd, the Bitcoin node in Go: its header rules
// and block trees by btcd's own functions, and the whole way from drafts to offline
// verification by a real node on regtest. It holds tests only, in a module of its own, so
// that nobody who uses the library gets a node's dependencies. See README.md.
package btcdtest
