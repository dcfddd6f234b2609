package licensure

import (
	"regexp"
	"strings"
)

// CheckNPI reports whether s has the form of a National Provider Identifier: ten digits
// of which the first is 1 or 2, valid under Luhn's formula with 80840 before them
// (45 CFR 162.406; ISO/IEC 7812). The first digit 9 belongs to made-up physicians and is
// right exactly when synthetic is set. It says nothing about whether the number is assigned.
func CheckNPI(s string, synthetic bool) bool {
	if len(s) != 10 || !allDigits(s) {
		return false
	}
	if synthetic != (s[0] == '9') || !synthetic && s[0] != '1' && s[0] != '2' {
		return false
	}
	return luhnSum("80840"+s)%10 == 0
}

// NPICheckDigit returns the last digit of the identifier that starts with the nine digits
// of payload. It panics if payload is not nine digits.
func NPICheckDigit(payload string) byte {
	if len(payload) != 9 || !allDigits(payload) {
		panic("licensure: NPICheckDigit needs nine digits")
	}
	return byte('0' + (10-luhnSum("80840"+payload+"0")%10)%10)
}

// luhnSum adds digits, doubling every second one from the right, the last not doubled.
func luhnSum(digits string) int {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum
}

// CheckDEA reports whether s has the form of a DEA registration number: two capital
// letters, seven digits, the last of which is the last digit of
// (d1+d3+d5) + 2(d2+d4+d6). Credentials of this package carry no such number, since a
// JSON-LD credential cannot hide it (domain design, section 3).
func CheckDEA(s string) bool {
	if len(s) != 9 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' || !allDigits(s[2:]) {
		return false
	}
	return s[8] == DEACheckDigit(s[2:8])
}

// DEACheckDigit returns the last digit of a DEA registration number with these first six.
// It panics if digits is not six digits.
func DEACheckDigit(digits string) byte {
	if len(digits) != 6 || !allDigits(digits) {
		panic("licensure: DEACheckDigit needs six digits")
	}
	d := func(i int) int { return int(digits[i-1] - '0') }
	return byte('0' + (d(1)+d(3)+d(5)+2*(d(2)+d(4)+d(6)))%10)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

var (
	// A jurisdiction is an ISO 3166-2 code, "US-WY"; made-up ones are X01 to X99.
	isoJurisdiction       = regexp.MustCompile(`^[A-Z]{2}-[A-Z0-9]{1,3}$`)
	syntheticJurisdiction = regexp.MustCompile(`^X[0-9]{2}$`)

	// A country is an ISO 3166-1 code of two or three letters. Those starting with X are
	// free for private use; three of them name made-up countries.
	isoCountry       = regexp.MustCompile(`^[A-Z]{2,3}$`)
	syntheticCountry = regexp.MustCompile(`^X[A-Z]{2}$`)

	// A taxonomy code has ten characters and ends in X (National Uniform Claim Committee).
	// None starts with 9, so made-up ones do.
	taxonomyCode = regexp.MustCompile(`^[0-9][0-9A-Z]{8}X$`)

	// BCP 47, as far as a diploma needs it.
	languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

	eightDigitForm = regexp.MustCompile(`^([0-9]{8}|[0-9]-[0-9]{3}-[0-9]{3}-[0-9])$`)

	sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

	didForm = regexp.MustCompile(`^did:[a-z0-9]+:[A-Za-z0-9._:%-]+$`)
)

// absoluteIRI reports whether s is an absolute IRI of a scheme that ids of credentials
// use. Anything relative would vanish from the graph, and with it from what is signed.
func absoluteIRI(s string) bool {
	for _, scheme := range []string{"did:", "urn:", "https://"} {
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			return rest != "" && len(s) <= maxText && !strings.ContainsFunc(rest, notInIRI)
		}
	}
	return false
}

// notInIRI reports the characters that RFC 3987 and N-Quads keep out of an IRI.
func notInIRI(r rune) bool {
	return r <= ' ' || r == 0x7f || strings.ContainsRune("<>\"{}|\\^`", r) || hidden(r)
}
