package licensure

import "fmt"

// A RuleError says which rule of the domain an act would break. Detail says what is asked
// for; like a [Fault] it holds no value of a claim, only codes, dates and identifiers that
// boards publish.
type RuleError struct {
	Rule   string // for example "LC-3"
	Detail string
}

func (e *RuleError) Error() string { return fmt.Sprintf("licensure: %s: %s", e.Rule, e.Detail) }

func refuse(rule, format string, args ...any) error {
	return &RuleError{Rule: rule, Detail: fmt.Sprintf(format, args...)}
}
