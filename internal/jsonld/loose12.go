package jsonld

// file12 is the context of Blockcerts 1.2. It was written for JSON-LD 1.0, and a
// processor of 1.1 refuses its term image:signature, which looks like a compact IRI
// and does not expand to what it is defined as (JSON-LD 1.1 API, section 4.2.2, step
// 14.2.4). So that json-gold can do everything else, the term goes through it under a
// name that no document can define, as no unpinned term may hold an @.
const (
	file12            = "blockcerts-1.2.json"
	imageSignature    = "image:signature"
	imageSignatureIRI = "https://w3id.org/blockcerts#image:signature"
	standIn           = "image@signature"
)

// contexts12 returns the only contexts that count in Loose12: urls, which name the
// context p. The bytes that the digest covers stay as they are.
func contexts12(p pinned, urls []string) *Contexts {
	p.doc = floats(p.doc).(map[string]any) // a copy
	for _, local := range p.doc["@context"].([]any) {
		terms := local.(map[string]any)
		terms[standIn] = terms[imageSignature]
		delete(terms, imageSignature)
	}
	c := (&Contexts{}).copy()
	c.is12 = true
	for _, url := range urls {
		c.docs[url] = p
	}
	return c
}

// for12 returns the contexts for Loose12. Without the context of Blockcerts 1.2 in c
// there are none.
func (c *Contexts) for12() *Contexts {
	if c.only12 == nil {
		return &Contexts{}
	}
	return c.only12
}

// restore12 gives image:signature its name back. The stand-in goes, or the term would
// have a second name.
func (a *active) restore12() {
	terms := a.ld.TermDefinitions
	if td := terms[standIn]; td != nil && td.ID == imageSignatureIRI {
		terms[imageSignature] = td
	}
	delete(terms, standIn)
}
