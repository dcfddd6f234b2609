// Package anchor is Bitcoin as certificates use it: the commitment transaction that
// carries a batch root, its inclusion in a block, the headers above that block, and the
// building of such transactions. It is pure: no clock, file or network.
//
// # What is checked
//
// The evidence for one transaction is judged in steps that a caller runs, and reports,
// one by one:
//
//	c, err := anchor.ParseCommitment(ev.Tx)               // which root, which inputs
//	address, err := c.IssuingAddress(ev.PrevTxs, network) // who signed
//	incl, err := anchor.CheckInclusion(ev, c.TxID, network)
//	link, err := anchor.LinkHeaders(network, incl, runs, checkpoints, store)
//
// No step trusts another's input: ids are recomputed from bytes, the issuing address comes
// from the previous output of input 0 after the script engine has run every input, and
// every signature must commit to all outputs. So a commitment cannot be forged without
// the issuing key, whatever the chain evidence says.
//
// # What a link proves
//
// A run of headers above a block proves work, not that the block is in the best chain. The
// link therefore starts from something the caller trusts: a checkpoint, with the rules of
// the network applied from there on (FormSegment); a later checkpoint that commits to the
// block (FormForward); or the caller's own headers (FormStore). The genesis block is the
// checkpoint that every network has. Headers that only lead backwards to a checkpoint,
// when a later one exists, prove descent and nothing else, and are refused.
//
// # Byte order
//
// TxID and BlockHash hold bytes in the order of the hash function; their text form is
// reversed, as in block explorers. Raw transactions and headers are as on the wire.
package anchor
