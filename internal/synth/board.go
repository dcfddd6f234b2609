package synth

import (
	"fmt"
	"strconv"

	"github.com/certanchor/certanchor/licensure"
)

// A BoardKind says whom a board licenses.
type BoardKind string

// Kinds of board.
const (
	JointBoard BoardKind = "joint"
	MDBoard    BoardKind = "MD"
	DOBoard    BoardKind = "DO"
)

// A Board is a state board of medicine.
type Board struct {
	ID            string // X07-MD, X07-DO or X31
	Name          string
	Jurisdiction  string // X07
	Kind          BoardKind
	CycleMonths   int  // renewal: 12, 24 or 36
	ReusesNumbers bool // gives one number to a full and to another licence
	numbers       numbering
}

// numbering is how a board writes licence numbers: a fixed prefix or a letter of a series,
// then digits, with zeros in front or without.
//
// The number of physician i is the image of i under x -> (a*x+c) mod size. It is one-to-one
// since a and size have no common factor, so numbers are unique without being remembered.
type numbering struct {
	prefix     string
	letters    string // series; empty for none
	digits     int
	zeros      bool
	size, a, c uint64
}

// sevenDigits and more are enough for MaxPhysicians without a series.
const sevenDigits = 7

// seriesLetters leaves out letters that are taken for digits or for each other.
const seriesLetters = "ABCDEFGHJKLMNPRTUVWY"

// newBoard returns board number b. rank is its place in a random order of boards and
// decides the renewal cycle.
func (w *World) newBoard(j Jurisdiction, place string, kind BoardKind, b, rank int) Board {
	d := newDraw(w.seed, "board", b)
	board := Board{
		ID:            j.Code,
		Name:          place + " Board of Medicine",
		Jurisdiction:  j.Code,
		Kind:          kind,
		CycleMonths:   cycleOf(rank),
		ReusesNumbers: d.chance(2000),
	}
	switch kind {
	case MDBoard:
		board.ID += "-MD"
		board.Name = place + " Board of Medical Examiners"
	case DOBoard:
		board.ID += "-DO"
		board.Name = place + " Board of Osteopathic Examiners"
	}
	board.numbers = newNumbering(&d, 5+b%4)
	return board
}

// cycleOf divides the 70 boards 20 : 65 : 15 (in per cent).
func cycleOf(rank int) int {
	switch {
	case rank < 14:
		return 12
	case rank < 60:
		return 24
	}
	return 36
}

func newNumbering(d *draw, digits int) numbering {
	n := numbering{digits: digits, zeros: digits <= sevenDigits || d.chance(5000)}
	n.size = 1
	for range digits {
		n.size *= 10
	}
	if digits < sevenDigits { // too few for MaxPhysicians without a series
		n.letters = seriesLetters
		n.size *= uint64(len(seriesLetters))
	} else {
		n.prefix = d.of([]string{"", "", "MD", "L", "PH-"})
	}
	if !n.zeros {
		n.size = n.size / 10 * 9 // the first digit is not 0
	}
	for n.a = uint64(d.between(100_001, 900_001)); gcd(n.a, n.size) != 1; n.a++ {
	}
	n.c = uint64(d.below(int(n.size)))
	return n
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Number returns the number of physician i's licence of that type. Full licences have
// numbers of their own; a board that reuses numbers writes on another type the number that
// is on someone else's full licence.
func (b Board) Number(i int, kind licensure.LicenceType) string {
	checkIndex(i)
	x := uint64(i)
	if b.ReusesNumbers && kind != licensure.FullLicence {
		x++
	}
	return b.numbers.write((b.numbers.a*x + b.numbers.c) % b.numbers.size)
}

func (n numbering) write(x uint64) string {
	if n.letters != "" {
		perLetter := n.size / uint64(len(n.letters))
		return n.letters[x/perLetter:x/perLetter+1] + fmt.Sprintf("%0*d", n.digits, x%perLetter)
	}
	if !n.zeros {
		x += n.size / 9
		return n.prefix + strconv.FormatUint(x, 10)
	}
	return n.prefix + fmt.Sprintf("%0*d", n.digits, x)
}

// ownerOf returns the index whose full licence has number x: the inverse of Number.
func (n numbering) ownerOf(x uint64) uint64 {
	// a*y = 1 (mod size) by Euclid's algorithm, in signed arithmetic.
	t, r, nt, nr := int64(0), int64(n.size), int64(1), int64(n.a)
	for nr != 0 {
		q := r / nr
		t, nt = nt, t-q*nt
		r, nr = nr, r-q*nr
	}
	inverse := uint64((t%int64(n.size) + int64(n.size)) % int64(n.size))
	return inverse * ((x + n.size - n.c) % n.size) % n.size // both under 10^8
}

// spare reports whether no physician's licence has number x.
func (n numbering) spare(x uint64) bool {
	return x < n.size && n.ownerOf(x) > MaxPhysicians // one more than the last: reused numbers are the next one's
}
