// Package evidencefile makes the file that a decision about somebody's credentials is kept
// in, and looks at it again years later, on another machine, with no network (domain
// design, section 9.4).
//
// # What is in it
//
//	summary.html, summary.pdf   for people; one page for each credential
//	proves.html                 what the file proves and what it does not
//	certification.html          for a custodian of records to sign
//	result.json                 the answer, and every other member by its SHA-256
//	result/…                    the answer in parts: one for each credential and order, one for the policy's elements
//	fhir.json                   the same as a FHIR R4 Bundle
//	statement.json              the answer signed by who verified (T15), if there is a key
//	inputs/…                    everything the answer was made from, as received
//
// It is a zip archive whose bytes are a function of the inputs: members in the order of
// their names, stored without compression, all of one time. [Make] given equal inputs gives
// equal bytes (EV-1); an altered byte shows in [Reverify] (EV-2); a copy that leaves out
// whole credentials still verifies (EV-3, [File.Redact]).
//
// # What it does not do
//
// Nothing here reads a clock, a file or a network. A file without a statement that somebody
// trusted has signed shows what follows from its inputs, and not who chose them: whoever can
// write it can write another one, with another trust file.
//
// A JSON-LD credential is signed as a whole. A copy can leave it out; it cannot show half
// of it.
package evidencefile
