// Package regtest is a private Bitcoin: real blocks with the proof of work of regtest,
// real scripts run by a real engine, a memory pool, reorganisations. It is what an issuer
// without a node uses to try everything, and the world in which the rest is tested.
//
// A chain made by New lives in memory. One made by Open lives in one append-only file that
// survives a crash at any point. There is no clock: whoever mines says at what time.
//
// # What it is not
//
// Anybody can mine regtest blocks at no cost, so an anchor on it proves nothing to others;
// verifiers accept it only where their trust file names regtest. Blocks are made here and
// never received, so only transactions are checked in full. Relative lock times are refused.
package regtest
