package fhir

import (
	"fmt"
	"time"
)

// Bundle puts resources into a collection. The nth gets the URL
// urn:uuid:00000000-0000-4000-8000-00000000000n, which references of the others may name.
func Bundle(resources []Resource, at time.Time) Resource {
	var entries []any
	for i, r := range resources {
		entries = append(entries, map[string]any{"fullUrl": fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", i+1), "resource": map[string]any(r)})
	}
	return Resource{"resourceType": "Bundle", "type": "collection", "timestamp": instant(at)}.set("entry", entries)
}
