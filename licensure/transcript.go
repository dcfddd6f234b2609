package licensure

import (
	"encoding/json"
	"strconv"
)

// A Ref names another credential. It is a reference by digest: the credential of that id
// with other contents is not the one meant.
type Ref struct {
	ID     string // urn:uuid:…
	Digest string // SHA-256 of its canonical form, hex: its leaf
}

func (r Ref) members() map[string]any { return map[string]any{"id": r.ID, "digest": r.Digest} }

func refNode(rule string) judge {
	return node(rule, []field{{"id", must, anything}, {"digest", must, digest}})
}

// A Transcript is an education record (T03). It leaves the school only with the student's
// consent ([CheckConsent], PR-9).
type Transcript struct {
	Envelope
	SchoolID         string
	Degree           Ref // the T02 it belongs to
	Terms            []Term
	Clerkships       []Clerkship
	DeanLetterDigest string // optional: SHA-256, hex
}

// A Term is a term of study with its courses.
type Term struct {
	Label   string
	Courses []Course
}

// A Course is one course taken. Credits and Grade are text, since schools write both as
// they like; Grade is optional.
type Course struct{ Code, Title, Credits, Grade string }

// A Clerkship is clinical instruction in one discipline. Grade is optional.
type Clerkship struct {
	Discipline string
	Weeks      int
	Grade      string
}

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (t Transcript) Validate() error {
	_, err := t.Draft()
	return err
}

// Draft returns t as a draft that [CheckDraft] accepts.
func (t Transcript) Draft() (map[string]any, error) {
	m := object{"degreeRef": t.Degree.members()}
	m.text("schoolId", t.SchoolID)
	m.text("deanLetterDigest", t.DeanLetterDigest)
	m.list("academicTerms", len(t.Terms), func(i int) any {
		n := object{}
		n.text("termLabel", t.Terms[i].Label)
		n.list("courses", len(t.Terms[i].Courses), func(k int) any { return t.Terms[i].Courses[k].members() })
		return n.plain()
	})
	m.list("clerkships", len(t.Clerkships), func(i int) any {
		n, k := object{}, t.Clerkships[i]
		n.text("discipline", k.Discipline)
		n["weeks"] = json.Number(strconv.Itoa(k.Weeks))
		n.text("grade", k.Grade)
		return n.plain()
	})
	return t.draft(TypeMedicalTranscript, m)
}

func (k Course) members() map[string]any {
	n := object{}
	n.text("code", k.Code)
	n.text("title", k.Title)
	n.text("credits", k.Credits)
	n.text("grade", k.Grade)
	return n
}

var transcriptFields = []field{
	{"schoolId", must, shortText},
	{"degreeRef", must, refNode("T03")},
	{"academicTerms", must, list(node("T03", []field{
		{"termLabel", must, shortText},
		{"courses", must, list(node("T03", []field{
			{"code", must, shortText},
			{"title", must, shortText},
			{"credits", must, shortText},
			{"grade", may, shortText},
		}))},
	}))},
	{"clerkships", may, list(node("T03", []field{
		{"discipline", must, shortText},
		{"weeks", must, integer(1, 104)},
		{"grade", may, shortText},
	}))},
	{"deanLetterDigest", may, digest},
}
