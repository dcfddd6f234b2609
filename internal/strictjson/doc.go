// Package strictjson reads JSON as RFC 8259 writes it and nothing else.
//
// encoding/json forgives much: it keeps the last of two members of one name,
// turns broken UTF-8 and lone surrogates into U+FFFD, folds the case of names,
// and builds whatever depth it is given. Each of these lets two programs see two
// different documents behind one signature. [Parse] refuses them, together with a
// byte order mark, data after the value, and numbers too large for a float64, and
// it counts depth and members while it reads, so a hostile document costs no more
// than the limits allow.
//
// A parsed value is one of
//
//	map[string]any, []any, string, json.Number, bool, nil
//
// Numbers keep their text. [Canonical] writes a value in the form of RFC 8785 (JCS),
// [Unmarshal] fills a Go value and refuses members it does not know.
//
// Every error is an [*Error]: a stable code, the place, and what is wrong.
package strictjson
