// Package synth makes up physicians, schools, programmes and boards for demonstrations,
// tests and measurements. Nothing in it resembles a real person, school, board or number,
// and every credential says "synthetic": true.
//
// # Numbers
//
//	provider numbers    NPI-shaped with first digit 9 (real ones start with 1 or 2), valid check digit
//	DEA-shaped numbers  first letter Z, valid check digit
//	federation ids      nine digits, the first 9
//	jurisdictions       X01 to X56; a licence number counts only together with one of them
//	countries           three letters starting with X, which ISO 3166-1 leaves to private use
//	programmes          ten digits, the first 9
//	taxonomy codes      NUCC-shaped with first character 9
//	schools             start with XS
//
// # A pure function of seed and index
//
// [World.Physician] computes physician i from the seed and i alone, in constant time, so a
// million can be streamed in any order by any number of goroutines without storing any.
// Numbers that must be unique are one-to-one images of i; nothing remembers which were
// given. The same seed gives the same people with every release, which a golden digest in
// the tests holds.
//
// Shares of degrees, licences, names and so on follow section 14 of the domain design. What
// belongs to exams, orders, letters and fee lapses is made for the hard cases that are about
// them.
//
// Indices below [FirstOrdinary] are reserved for hard cases; see [HardCase].
package synth
