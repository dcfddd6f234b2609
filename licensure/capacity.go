package licensure

// A Capacity says in which role somebody issues a type (TR-1).
type Capacity string

// Capacities.
const (
	PrimarySource    Capacity = "primary-source"
	EquivalentSource Capacity = "designated-equivalent"
	SourceAgent      Capacity = "agent-of-source" // a source only with the digest of its agreement
)
