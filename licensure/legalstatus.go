package licensure

import "fmt"

// A LegalStatus is what a board decided about a licence: the four-bit code that a licence's
// entry in a "message" status list holds (domain design, section 6.1).
//
// It is not the status of the document: a credential about a revoked licence is no
// forgery. Nor is the value inside a licence credential authority for a later moment:
// that is as of issue (VD-3). The zero value is Active because the code on the list is 0:
// where a status may be absent, hold a pointer.
type LegalStatus uint8

// Legal statuses, by code.
const (
	Active                    LegalStatus = 0
	ActiveWithConditions      LegalStatus = 1
	Probation                 LegalStatus = 2
	Suspended                 LegalStatus = 3
	SummarySuspended          LegalStatus = 4
	Revoked                   LegalStatus = 5
	SurrenderedInLieu         LegalStatus = 6
	Expired                   LegalStatus = 7
	InactiveVoluntary         LegalStatus = 8
	Retired                   LegalStatus = 9
	Deceased                  LegalStatus = 10
	CompactAutoSuspended      LegalStatus = 11 // at most 90 days
	CompactMirroredEncumbered LegalStatus = 12 // waits for the own board
	Pending                   LegalStatus = 13
	Provisional               LegalStatus = 14 // also emergency
	NotStated                 LegalStatus = 15
)

// A Practice says whether a status lets a physician practise.
type Practice string

// Values of Practice.
const (
	MayPractise     Practice = "yes"
	LimitedPractice Practice = "limited"
	MayNotPractise  Practice = "no"
	PracticeUnknown Practice = "unknown"
)

var legalStatuses = [16]struct {
	name     string
	practice Practice
}{
	Active:                    {"active", MayPractise},
	ActiveWithConditions:      {"active-with-conditions", LimitedPractice},
	Probation:                 {"probation", LimitedPractice},
	Suspended:                 {"suspended", MayNotPractise},
	SummarySuspended:          {"summary-suspended", MayNotPractise},
	Revoked:                   {"revoked", MayNotPractise},
	SurrenderedInLieu:         {"surrendered-in-lieu", MayNotPractise},
	Expired:                   {"expired", MayNotPractise},
	InactiveVoluntary:         {"inactive-voluntary", MayNotPractise},
	Retired:                   {"retired", MayNotPractise},
	Deceased:                  {"deceased", MayNotPractise},
	CompactAutoSuspended:      {"compact-auto-suspended", MayNotPractise},
	CompactMirroredEncumbered: {"compact-mirrored-encumbered", MayNotPractise},
	Pending:                   {"pending", MayNotPractise},
	Provisional:               {"provisional", LimitedPractice},
	NotStated:                 {"not-stated", PracticeUnknown},
}

// String returns the name of s as it stands in credentials, or "legal-status-N" for a
// value that is not a four-bit code.
func (s LegalStatus) String() string {
	if int(s) >= len(legalStatuses) {
		return fmt.Sprintf("legal-status-%d", uint8(s))
	}
	return legalStatuses[s].name
}

// Practice says whether s lets a physician practise; PracticeUnknown for a value that is
// not a four-bit code.
func (s LegalStatus) Practice() Practice {
	if int(s) >= len(legalStatuses) {
		return PracticeUnknown
	}
	return legalStatuses[s].practice
}

// encumbered reports whether a board's or the compact's act stands behind s, so that the
// licence cannot be unrestricted at the same time.
func (s LegalStatus) encumbered() bool {
	switch s {
	case ActiveWithConditions, Probation, Suspended, SummarySuspended, Revoked, SurrenderedInLieu,
		CompactAutoSuspended, CompactMirroredEncumbered:
		return true
	}
	return false
}

// ParseLegalStatus returns the status of that exact name. ok is false, and the status
// NotStated, for any other text.
func ParseLegalStatus(name string) (s LegalStatus, ok bool) {
	for i, row := range legalStatuses {
		if row.name == name {
			return LegalStatus(i), true
		}
	}
	return NotStated, false
}
