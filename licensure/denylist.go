package licensure

import "strings"

// deniedParts are pieces of member and type names whose content no credential may carry,
// whatever an issuer's own context calls them: PR-8 and, in the last line, what section 3
// of the domain design keeps in the issuer's own system.
var deniedParts = []string{
	"npdb", "practitionerdatabank", "malpracticepayment",
	"criminal", "conviction", "convicted", "felony", "arrestrecord", "fingerprint", "backgroundcheck",
	"complaint", "investigation",
	"peerreview",
	"physicianhealth", "healthprogram", "impairment",
	"substanceuse", "substanceabuse", "substancemisuse", "usedisorder", "addiction", "alcohol", "drugtreatment", "drugabuse", "rehabilitation", "detoxification",
	"socialsecurity", "passport", "driverlicence", "driverslicence", "driverlicense", "driverslicense", "homeaddress", "photograph", "deanumber", "dearegistration",
}

// deniedNames are too short to be looked for inside other words.
var deniedNames = map[string]bool{"ssn": true, "dea": true, "photo": true}

// allowedNames hold a denied piece but none of its content: that a check was made, and
// when.
var allowedNames = map[string]bool{"backgroundcheckdoneon": true}

// denied reports whether a member or type of that name is refused. Case and everything
// but letters and digits is ignored: criminal_history is criminalHistory.
func denied(name string) bool {
	key := strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return -1
	}, name)
	if deniedNames[key] || key == "" {
		return deniedNames[key]
	}
	if allowedNames[key] {
		return false
	}
	for _, part := range deniedParts {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}
