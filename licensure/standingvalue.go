package licensure

// A StandingValue is what a credential, or a set of them, is worth under a policy (domain
// design, section 9.3). The zero value counts as Undetermined.
type StandingValue string

// Standings.
const (
	InForce           StandingValue = "in-force"
	InForceWithLimits StandingValue = "in-force-with-limits" // conditions, probation
	ProvisionalUntil  StandingValue = "provisional"          // disaster: until a named moment
	Stale             StandingValue = "stale"                // authentic, status older than the policy allows
	NotInForce        StandingValue = "not-in-force"         // expired, suspended, revoked
	UndeterminedStand StandingValue = "undetermined"
	ForgedOrAltered   StandingValue = "forged-or-altered"
)

var standingWords = words(InForce, InForceWithLimits, ProvisionalUntil, Stale, NotInForce, UndeterminedStand, ForgedOrAltered)
