package licensure

import (
	"encoding/json"
	"strconv"
)

// An ExamHistory lists attempts at the components of an examination (T04).
type ExamHistory struct {
	Envelope
	Program           ExamProgram
	ExamID            string // optional: the candidate's number, eight digits
	Attempts          []Attempt
	Complete          bool // all attempts of that programme are listed
	AsOf              Date
	IrregularBehavior Circumstances // optional
}

// An Attempt is one sitting of one component. Score is text and optional.
type Attempt struct {
	Component string
	No        int
	TakenOn   Date
	Outcome   ExamOutcome
	Score     string
	Reported  bool // the sponsor reports a score at all
}

// Components of the USMLE programme. Step2CS ended in 2021.
const (
	Step1   = "Step1"
	Step2CK = "Step2CK"
	Step2CS = "Step2CS"
	Step3   = "Step3"
)

var usmleComponents = []string{Step1, Step2CK, Step2CS, Step3}

// Dates of the USMLE programme.
const (
	stepOnePassFail = "2022-01-26" // from that day Step 1 has no score
	lastStep2CS     = "2021-01-26"
)

// Validate returns nil, or a [*DraftError] with pointers into the draft.
func (h ExamHistory) Validate() error {
	_, err := h.Draft()
	return err
}

// Draft returns h as a draft that [CheckDraft] accepts.
func (h ExamHistory) Draft() (map[string]any, error) {
	m := object{"attemptsComplete": h.Complete}
	m.text("examProgram", string(h.Program))
	m.text("examId", h.ExamID)
	m.text("asOf", string(h.AsOf))
	m.text("irregularBehaviourNote", string(h.IrregularBehavior))
	m.list("attempts", len(h.Attempts), func(i int) any {
		a := h.Attempts[i]
		n := object{"attemptNo": json.Number(strconv.Itoa(a.No)), "scoreReported": a.Reported}
		n.text("component", a.Component)
		n.text("takenOn", string(a.TakenOn))
		n.text("outcome", string(a.Outcome))
		n.text("score", a.Score)
		return n.plain()
	})
	return h.draft(TypeExamHistory, m)
}

var examFields = []field{
	{"examProgram", must, word(examPrograms)},
	{"examId", may, eightDigits},
	{"attempts", must, list(node("T04", []field{
		{"component", must, shortText},
		{"attemptNo", must, integer(1, 20)},
		{"takenOn", must, partial},
		{"outcome", must, word(examOutcomes)},
		{"score", may, shortText},
		{"scoreReported", must, boolean},
	}))},
	{"attemptsComplete", must, boolean},
	{"asOf", must, civil},
	{"irregularBehaviourNote", weighs, word(circumstances)},
}

func examCoherent(c *checker, _, s map[string]any) {
	const ptr = "/credentialSubject"
	c.past(ptr, "T04", s, "asOf")
	asOf, okAsOf := dateIn(s, "asOf")
	attempts, _ := s["attempts"].([]any)
	seen := map[string]bool{}
	for i, e := range attempts {
		a, ok := e.(map[string]any)
		if !ok {
			continue
		}
		at := ptr + "/attempts/" + strconv.Itoa(i)
		c.attempt(at, a, s["examProgram"] == string(USMLE))
		if d, ok := dateIn(a, "takenOn"); ok && okAsOf && later(d, asOf) {
			c.fail(CodeDateOrder, at+"/takenOn", "T04", "not after asOf")
		}
		component, _ := a["component"].(string)
		no, _ := a["attemptNo"].(json.Number)
		key := component + "\x00" + string(no)
		if seen[key] {
			c.fail(CodeContradicts, at+"/attemptNo", "T04", "each attempt at a component has its own number")
		}
		seen[key] = true
	}
}

func (c *checker) attempt(ptr string, a map[string]any, usmle bool) {
	component, okComponent := a["component"].(string)
	_, score := a["score"]
	day, okDay := dateIn(a, "takenOn")
	switch {
	case usmle && okComponent && !containsWord(usmleComponents, component):
		c.fail(CodeVocabulary, ptr+"/component", "T04", "one of Step1, Step2CK, Step2CS, Step3")
	case usmle && component == Step2CS && okDay && later(day, lastStep2CS):
		c.fail(CodeDateOrder, ptr+"/takenOn", "T04", "Step2CS ended in January 2021")
	case usmle && component == Step1 && okDay && !later(stepOnePassFail, day) && score:
		c.fail(CodeContradicts, ptr+"/score", "T04", "Step 1 has no score since 2022-01-26")
	case score && a["scoreReported"] == false:
		c.fail(CodeContradicts, ptr+"/score", "T04", "no score where none is reported")
	}
}
