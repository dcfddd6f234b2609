// Package node asks real Bitcoin, and judges nothing. It has clients for the JSON-RPC
// of Bitcoin Core and btcd ([RPC]) and for Esplora ([Esplora]), a [Chain] that asks
// several of them in turn, and [Ethereum] for what an old certificate says of Ethereum.
//
// # What is believed
//
// Nothing that can be computed: the id of a transaction is the hash of the bytes that
// came, the hash of a block that of its header, which must meet its target; the ids of a
// block must lead to the root in the header. An answer that contradicts this has the
// code false-answer and the name of the endpoint. What remains the endpoint's word is
// what is in its best chain, what is in its memory pool, fee rates, and that it knows
// nothing more. Evidence is judged by package anchor and later by the verifier again.
//
// An endpoint's network is that of its block 0. An endpoint that is catching up, or
// whose newest block is over a day old, is not asked further: what it does not know may
// well exist.
//
// # Which calls are used
//
// On every JSON-RPC node, each request with "jsonrpc":"1.0" since btcd answers nothing
// without it:
//
//	getblockhash, getblockchaininfo, getblockheader    network, tip, headers, height of a block
//	getrawtransaction ID 0|1                           a transaction and its block
//	getblock HASH 1                                    ids of a block
//	getblock HASH 0                                    evidence on btcd; transactions where there is no index
//	gettxout, gettxspendingprevout                     what is unspent; who spends, in the pool
//	sendrawtransaction
//
// On Bitcoin Core (24 or later) besides: gettxoutproof for evidence, listunspent and
// scantxoutset for coins, estimatesmartfee. On btcd (0.24 or later), which lacks these:
// the block proof is rebuilt from getblock HASH 0; coins come from searchrawtransactions
// (btcd --addrindex), on a chain of at most 10,000 blocks from the blocks themselves; the
// fee rate is the configured one.
//
// Without an index of transactions (Core -txindex, btcd --txindex) a node finds
// transactions in its pool, those with an unspent output among the first two, and those
// of the newest 144 blocks. For others the error has the code no-index, on a pruned
// node pruned; never "not found".
//
// On Esplora:
//
//	/block-height/:h, /blocks/tip/height, /block/:hash/header, /block/:hash/txids
//	/tx/:id/hex, /tx/:id/status, /tx/:id/outspend/:n, /address/:a/utxo, /fee-estimates
//	POST /tx
//
// # Secrets
//
// User and password stand in the URL or in a file that the URL names; neither they nor
// the path of a URL appear in an error. An endpoint is called by its host and port.
package node
