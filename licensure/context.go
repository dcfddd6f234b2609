package licensure

import (
	"bytes"
	_ "embed"
)

// Namespace is the prefix of every term that [Context] defines.
const Namespace = "https://certanchor.github.io/ns/licensure/v1#"

//go:embed context.jsonld
var contextFile []byte

// Context returns the JSON-LD 1.1 context that an issuer publishes beside its profile
// and names last in @context, after
//
//	https://www.w3.org/ns/credentials/v2
//	https://w3id.org/security/data-integrity/v2
//	https://w3id.org/blockcerts/v3.2
//
// It redefines no term of these, at any depth. Its terms are protected and none is scoped
// to a type, so that the meaning of a member does not change with "type". Verifiers know
// it by the digest of these bytes, never by its URL. The caller owns the copy.
func Context() []byte { return bytes.Clone(contextFile) }
