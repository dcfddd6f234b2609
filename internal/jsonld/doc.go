// Package jsonld turns a JSON-LD document into the bytes that are hashed and
// signed, and refuses documents in which something could be shown that was not
// hashed.
//
// # What is hashed
//
// A hash over JSON-LD covers the RDF statements of a document, not its text: members
// that mean nothing vanish, and what a member means is decided by @context, which
// is no part of the hash. Whoever may edit @context can so put a signed value under
// another label. [Canonicalize] therefore keeps to three rules:
//
//   - Every entry of every @context is pinned by digest: a URL only names a
//     document in [Contexts], and an inline object counts only by its own digest.
//   - Every member leads to at least one statement. The document is read member by
//     member, and the code that reads a member is the code that makes its statements,
//     so a member without a statement cannot be overlooked. It is an error, but
//     for what [Mode] allows to leave out, and that is named in the result.
//   - Names of things are absolute IRIs.
//
// Some things are not signed and no check can see them: the order of array elements
// outside a list, whether a value stands alone or in an array of one, whether a
// reference is written as a text or as an object with an id alone, at which of several
// references to one id its members stand (all of them, in Strict), and the labels of
// blank nodes, which Strict refuses.
//
// In Loose12, for Blockcerts 1.2 alone, members that no context defines are left out and
// named too, since that format was hashed without them.
//
// # How
//
// Contexts are processed by github.com/piprate/json-gold, which appears nowhere else
// in this module. Expansion and the conversion to RDF (JSON-LD 1.1 API, sections 5.1
// and 8) are ours, for the sake of the second rule: json-gold drops statements with
// addresses it takes for wrong, forgets errors inside lists, and leaves no trace from
// a statement back to its member. Its whole pipeline is the oracle in our tests.
// Not supported, and refused: @nest, @reverse, @included, @graph members, @index,
// @id and @type containers, @base, @import, @propagate.
//
// Canonicalisation is RDFC-1.0 over the dataset itself, with a budget of work, since
// some graphs of ten blank nodes cost hours.
package jsonld
