package verifier_test

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/certanchor/certanchor/verifier"
)

// TestFilesPage reads every example of docs/files.md with the code it describes.
func TestFilesPage(t *testing.T) {
	page, err := os.ReadFile("../docs/files.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json (\\w+)\n(.*?)```").FindAllSubmatch(page, -1)
	seen := map[string]int{}
	for _, b := range blocks {
		kind, text := string(b[1]), b[2]
		seen[kind]++
		switch kind {
		case "trust":
			context := []byte(`{"@context":{}}`)
			named := regexp.MustCompile(`"sha256": "[0-9a-f]{64}"`).ReplaceAll(text, []byte(`"sha256": "`+sum(context)+`"`))
			_, err = verifier.ParseTrust(named, func(string) ([]byte, error) { return context, nil })
		case "evidence":
			_, err = verifier.ParseEvidence(text)
		default:
			var v map[string]any
			err = json.Unmarshal(text, &v)
		}
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if seen["trust"] != 1 || seen["evidence"] != 1 || seen["draft"] != 1 {
		t.Errorf("examples: %v", seen)
	}
}
