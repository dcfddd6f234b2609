package strictjson

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"
)

type inner struct {
	Name string `json:"name"`
}

type common struct {
	Version int    `json:"version"`
	Name    string `json:"name"` // hidden by the outer name
}

type outer struct {
	common
	Name   string            `json:"name"`
	List   []inner           `json:"list,omitempty"`
	Map    map[string]inner  `json:"map"`
	Ptr    *inner            `json:"ptr"`
	Any    any               `json:"any"`
	Time   time.Time         `json:"time"`
	Big    *big.Int          `json:"big"`
	Raw    json.RawMessage   `json:"raw"`
	Bytes  []byte            `json:"bytes"`
	Pair   [2]int            `json:"pair"`
	Small  int8              `json:"small"`
	Quoted int64             `json:"quoted,string"`
	Number json.Number       `json:"number"`
	Flag   bool              `json:"flag"`
	Texts  map[string]string `json:"texts"`
	Plain  string
	hidden string
	Off    string `json:"-"`
}

func TestUnmarshal(t *testing.T) {
	text := `{"version":3,"name":"n","list":[{"name":"a"}],"map":{"k":{"name":"b"}},"ptr":null,"any":{"x":[1.10]},
		"time":"2026-01-02T03:04:05Z","big":12345678901234567890,"raw":{"Free":1},"bytes":"AQI=","pair":[1,2],"small":-128,
		"quoted":"7","number":1e3,"flag":true,"texts":{"a":"b"},"Plain":"p"}`
	var got outer
	if err := Unmarshal([]byte(text), Limits{}, &got); err != nil {
		t.Fatal(err)
	}
	n, _ := new(big.Int).SetString("12345678901234567890", 10)
	want := outer{
		common: common{Version: 3}, Name: "n", List: []inner{{"a"}}, Map: map[string]inner{"k": {"b"}},
		Any: map[string]any{"x": []any{json.Number("1.10")}}, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Big: n,
		Raw: json.RawMessage(`{"Free":1}`), Bytes: []byte{1, 2}, Pair: [2]int{1, 2}, Small: -128, Quoted: 7,
		Number: "1e3", Flag: true, Texts: map[string]string{"a": "b"}, Plain: "p",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestUnmarshalRefused(t *testing.T) {
	tests := []struct {
		name, text string
		code       Code
		path       string
	}{
		{"unknown member", `{"nam":"x"}`, CodeUnknownMember, "/nam"},
		{"another case", `{"Name":"x"}`, CodeUnknownMember, "/Name"},
		{"the Go name of a named member", `{"List":[]}`, CodeUnknownMember, "/List"},
		{"another case of a plain member", `{"plain":"x"}`, CodeUnknownMember, "/plain"},
		{"Kelvin sign", "{\"\u212ame\":1}", CodeUnknownMember, "/\u212ame"},
		{"unexported", `{"hidden":"x"}`, CodeUnknownMember, "/hidden"},
		{"switched off", `{"Off":"x"}`, CodeUnknownMember, "/Off"},
		{"unknown inside a list", `{"list":[{"name":"a"},{"x":1}]}`, CodeUnknownMember, "/list/1/x"},
		{"unknown inside a map", `{"map":{"k":{"x":1}}}`, CodeUnknownMember, "/map/k/x"},
		{"null for a string", `{"name":null}`, CodeWrongType, "/name"},
		{"null in a list of objects", `{"list":[null]}`, CodeWrongType, "/list/0"},
		{"number for a string", `{"name":1}`, CodeWrongType, "/name"},
		{"string for a number", `{"version":"1"}`, CodeWrongType, "/version"},
		{"string for a json.Number", `{"number":"1"}`, CodeWrongType, "/number"},
		{"fraction for an integer", `{"version":1.5}`, CodeWrongType, "/version"},
		{"too large for the type", `{"small":128}`, CodeWrongType, "/small"},
		{"array too short", `{"pair":[1]}`, CodeWrongType, "/pair"},
		{"array too long", `{"pair":[1,2,3]}`, CodeWrongType, "/pair"},
		{"object for a list", `{"list":{}}`, CodeWrongType, "/list"},
		{"list for an object", `{"ptr":[]}`, CodeWrongType, "/ptr"},
		{"number for a time", `{"time":1}`, CodeWrongType, ""},
		{"no base64", `{"bytes":"?"}`, CodeWrongType, ""},
		{"no object", `[]`, CodeWrongType, ""},
		{"null for the whole", `null`, CodeWrongType, ""},
		{"duplicate", `{"name":"a","name":"b"}`, CodeDuplicateKey, "/name"},
		{"duplicate in raw", `{"raw":{"a":1,"a":2}}`, CodeDuplicateKey, "/raw/a"},
		{"trailing", `{}{}`, CodeTrailingData, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var into outer
			err := Unmarshal([]byte(tt.text), Limits{}, &into)
			e, ok := err.(*Error)
			if !ok || e.Code != tt.code || e.Path != tt.path {
				t.Errorf("error %v, want %s at %q", err, tt.code, tt.path)
			}
		})
	}
	for _, into := range []any{nil, outer{}, (*outer)(nil)} {
		if err := Unmarshal([]byte(`{}`), Limits{}, into); codeOf(err) != CodeWrongType {
			t.Errorf("into %T: %v", into, err)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"version":3,"name":"n","list":[{"name":"a"}],"any":{"x":[1.10]},"pair":[1,2]}`))
	f.Add([]byte(`{"Name":"n"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v outer
		if err := Unmarshal(data, Limits{}, &v); err != nil {
			if e, ok := err.(*Error); !ok || e.Code == "" {
				t.Fatalf("error without a code: %v", err)
			}
		}
	})
}

func ExampleUnmarshal() {
	var key struct {
		ID string `json:"id"`
	}
	err := Unmarshal([]byte(`{"ID": "did:example:1"}`), Limits{}, &key)
	fmt.Println(err)
	// Output: json: unknown-member at "/ID": no such member is defined
}
