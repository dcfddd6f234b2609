package jsonld

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// maxExact is 2^53-1, the largest integer that every JSON reader keeps.
const maxExact = 1<<53 - 1

// plainInteger reports whether n is written as an integer within ±(2^53-1) and in
// the one way that is hashed: no sign on zero, no fraction, no exponent.
func plainInteger(n json.Number) bool {
	i, err := strconv.ParseInt(string(n), 10, 64)
	return err == nil && -maxExact <= i && i <= maxExact && strconv.FormatInt(i, 10) == string(n)
}

// lexical returns the lexical form and the datatype of a number (JSON-LD 1.1 API,
// section 8.2.2, steps 9 to 11): an integer unless it has a fraction, is 10^21 or
// more, or is asked to be a double. Like every implementation it goes through a
// float64.
func lexical(n json.Number, datatype string) (string, string) {
	f, _ := strconv.ParseFloat(string(n), 64) // strictjson has refused overflow
	if f != math.Trunc(f) || math.Abs(f) >= 1e21 || datatype == xsdDouble {
		if datatype == "" {
			datatype = xsdDouble
		}
		return canonicalDouble(f), datatype
	}
	if datatype == "" {
		datatype = xsdInteger
	}
	if f == 0 {
		return "0", datatype // -0 is an integer without a sign
	}
	return strconv.FormatFloat(f, 'f', 0, 64), datatype
}

// canonicalDouble is the form that section 8.6 gives: %1.15E without zeros at the end
// of the mantissa and the start of the exponent, as XML Schema wants it.
func canonicalDouble(f float64) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', 15, 64), "E")
	mantissa = strings.TrimRight(mantissa, "0")
	if strings.HasSuffix(mantissa, ".") {
		mantissa += "0"
	}
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	exponent = strings.TrimLeft(exponent[1:], "0")
	if exponent == "" {
		return mantissa + "E0"
	}
	return mantissa + "E" + sign + exponent
}
