// Package issuer turns drafts into credentials that are signed, bound to one root and
// anchored by one Bitcoin transaction, and publishes the status lists that say what
// became of them.
//
//	is, err := issuer.Open(dir, issuer.Config{…})
//	batch, err := is.Seal(ctx, drafts)         // check, salt, sign, spool, leaf; then the root
//	err = batch.Fund(ctx, chain, cap)          // coins locked in the journal
//	err = batch.Sign(anchorKey)                // raw transaction stored before anyone sees it
//	err = batch.Broadcast(ctx, chain)          // the same bytes on every retry
//	done, err := batch.Confirm(ctx, chain, 6)  // to the depth asked
//	err = batch.Finish(ctx, out)               // each path walked back to the root, then written
//
// Every step writes down what it is about to do before it has an effect outside, and
// finds its earlier result when it is run again. After a crash at any line, the same
// drafts given again end with the same transaction and the same credentials.
//
// # Files
//
// An issuer's folder holds issuer.json and context.jsonld, which are published, status/
// with the lists to publish, keys/, and state/ with the journal and the spool. While a
// batch is under way the spool holds its documents; after Finish nothing but leaves,
// root and transaction is kept: no documents and no salts.
package issuer
