package licensure

// Successor returns which of the credentials that somebody holds replaces old (LC-1): the one
// that names it by id and digest and is by the same issuer. An old document alone does not
// lead to the new one: no public link runs from old to new, which would let a list tell whose
// papers were corrected. All facts were verified.
func Successor(old Fact, held []Fact) (Fact, bool) {
	for _, f := range held {
		named, _ := f.claims["supersedes"].(map[string]any)
		n := subject(named)
		if f.Issuer == old.Issuer && f.Type == old.Type && n.text("id") == old.ID && n.text("digest") == old.Digest {
			return f, true
		}
	}
	return Fact{}, false
}
