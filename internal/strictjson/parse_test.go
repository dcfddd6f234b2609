package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestRefused(t *testing.T) {
	tests := []struct {
		name, text string
		code       Code
		path       string
		line, col  int
	}{
		{"empty", "", CodeNotJSON, "", 1, 1},
		{"byte order mark", "\ufeff{}", CodeByteOrderMark, "", 1, 1},
		{"not UTF-8", "{\"a\":\n \"x\xff\"}", CodeNotUTF8, "", 2, 4},
		{"UTF-8 of a surrogate", "\"\xed\xa0\x80\"", CodeNotUTF8, "", 1, 2},
		{"over-long UTF-8", "\"\xc0\xaf\"", CodeNotUTF8, "", 1, 2},
		{"duplicate name", `{"a":1,"a":1}`, CodeDuplicateKey, "/a", 1, 8},
		{"duplicate name behind an escape", `{"name":1,"na\u006de":1}`, CodeDuplicateKey, "/name", 1, 11},
		{"duplicate name inside", `{"x":[{"b":{"c":1,"c":2}}]}`, CodeDuplicateKey, "/x/0/b/c", 1, 19},
		{"duplicate empty name", `{"":1,"":2}`, CodeDuplicateKey, "/", 1, 7},
		{"pointer escapes", `{"a/b~c":{"d":1,"d":2}}`, CodeDuplicateKey, "/a~1b~0c/d", 1, 17},
		{"second value", `{} {}`, CodeTrailingData, "", 1, 4},
		{"NUL behind", "{}\x00", CodeTrailingData, "", 1, 3},
		{"high surrogate alone", `["\ud800"]`, CodeLoneSurrogate, "/0", 1, 3},
		{"high surrogate and a letter", `["\ud800\u0041"]`, CodeLoneSurrogate, "/0", 1, 3},
		{"low surrogate alone", `["\udc00"]`, CodeLoneSurrogate, "/0", 1, 3},
		{"surrogates the wrong way round", `["\udc00\ud800"]`, CodeLoneSurrogate, "/0", 1, 3},
		{"surrogate in a name", `{"\ud800":1}`, CodeLoneSurrogate, "", 1, 3},
		{"number too large", `[1,-1e400]`, CodeNumberRange, "/1", 1, 4},
		{"integer too large", "[1" + strings.Repeat("0", 400) + "]", CodeNumberRange, "/0", 1, 2},
		{"leading zero", `[01]`, CodeNotJSON, "", 1, 3},
		{"plus sign", `[+1]`, CodeNotJSON, "/0", 1, 2},
		{"no fraction", `[1.]`, CodeNotJSON, "/0", 1, 4},
		{"NaN", `[NaN]`, CodeNotJSON, "/0", 1, 2},
		{"comment", `[/**/1]`, CodeNotJSON, "/0", 1, 2},
		{"trailing comma", `[1,]`, CodeNotJSON, "/1", 1, 4},
		{"control character", "[\"a\x01\"]", CodeNotJSON, "/0", 1, 4},
		{"control character after an escape", "[\"\\n\x01\"]", CodeNotJSON, "/0", 1, 5},
		{"unknown escape", `["\x41"]`, CodeNotJSON, "/0", 1, 4},
		{"open string", `["abc`, CodeNotJSON, "/0", 1, 6},
		{"column in characters", `["äöü",x]`, CodeNotJSON, "/1", 1, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Parse([]byte(tt.text), Limits{})
			e, ok := err.(*Error)
			if !ok {
				t.Fatalf("value %v, error %v", v, err)
			}
			if e.Code != tt.code || e.Path != tt.path || e.Line != tt.line || e.Column != tt.col {
				t.Errorf("%v", e)
			}
			if !strings.Contains(e.Error(), fmt.Sprintf("line %d", tt.line)) {
				t.Errorf("the message names no place: %s", e)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	text := " {\"a\\u0000\\n\":[1.50,-0,1E5,true,false,null,\"\\ud83d\\ude00 ä\uffff\"],\"\":{},\"A\":[]} \n"
	want := map[string]any{
		"a\x00\n": []any{json.Number("1.50"), json.Number("-0"), json.Number("1E5"), true, false, nil, "\U0001F600 ä\uffff"},
		"":        map[string]any{},
		"A":       []any{},
	}
	got, err := Parse([]byte(text), Limits{})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v", got, err)
	}
	if copied := Clone(got); !reflect.DeepEqual(copied, want) {
		t.Errorf("the copy is %#v", copied)
	}
	Clone(got).(map[string]any)["a\x00\n"].([]any)[0] = "changed"
	if !reflect.DeepEqual(got, want) {
		t.Error("the copy shares memory")
	}
	if _, err := ParseObject([]byte("[]"), Limits{}); codeOf(err) != CodeWrongType {
		t.Errorf("an array as an object: %v", err)
	}
}

// TestLimits tries each limit at its value and one above.
func TestLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := []struct {
		name     string
		at, over string
		lim      Limits
		code     Code
	}{
		{"bytes", `"aaa"`, `"aaaa"`, Limits{Bytes: 5}, CodeLimitBytes},
		{"depth", nested(3), nested(4), Limits{Depth: 3}, CodeLimitDepth},
		{"default depth", nested(64), nested(65), Limits{}, CodeLimitDepth},
		{"depth of objects", `{"a":{}}`, `{"a":{"a":{}}}`, Limits{Depth: 2}, CodeLimitDepth},
		{"elements", `[1,2,3]`, `[1,2,3,4]`, Limits{Members: 3}, CodeLimitMembers},
		{"members", `{"a":1,"b":[1]}`, `{"a":1,"b":[1,2]}`, Limits{Members: 3}, CodeLimitMembers},
		{"default members", "[" + strings.Repeat("1,", 19999) + "1]", "[" + strings.Repeat("1,", 20000) + "1]", Limits{}, CodeLimitMembers},
		{"depth no stack can hold", nested(10000), nested(10001), Limits{Depth: 1 << 40, Members: 1 << 40}, CodeLimitDepth},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse([]byte(tt.at), tt.lim); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			if _, err := Parse([]byte(tt.over), tt.lim); codeOf(err) != tt.code {
				t.Errorf("over the limit: %v", err)
			}
		})
	}
}

func TestCanonicalRefused(t *testing.T) {
	deep := any([]any{})
	for range maxDepth + 1 {
		deep = []any{deep}
	}
	tests := []struct {
		name  string
		value any
		code  Code
		path  string
	}{
		{"Go integer", map[string]any{"a": []any{1}}, CodeWrongType, "/a/0"},
		{"not UTF-8", []any{"\xff"}, CodeNotUTF8, "/0"},
		{"name not UTF-8", map[string]any{"\xff": nil}, CodeNotUTF8, ""},
		{"number too large", []any{json.Number("1e999")}, CodeNumberRange, "/0"},
		{"no number", []any{json.Number("x")}, CodeNumberRange, "/0"},
		{"NaN", []any{json.Number("NaN")}, CodeNumberRange, "/0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := Canonical(tt.value)
			e, ok := err.(*Error)
			if !ok || e.Code != tt.code || e.Path != tt.path {
				t.Errorf("%s, %v", out, err)
			}
		})
	}
	if _, err := Canonical(deep); codeOf(err) != CodeLimitDepth {
		t.Errorf("endless nesting: %v", codeOf(err))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"\u00e4\ud83d\ude00"],"b":null}`, `[[[]]]`, `{"a":1,"a":2}`, "\ufeff1", `"\ud800"`, `-0.0E-5`, `1e999`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data, Limits{})
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Code == "" {
				t.Fatalf("error without a code: %v", err)
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("encoding/json refuses %q", data)
		}
		once, err := Canonical(v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(once, Limits{Bytes: 1 << 30})
		if err != nil {
			t.Fatalf("%q: %v", once, err)
		}
		twice, err := Canonical(again)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q becomes %q, %v", once, twice, err)
		}
	})
}

func ExampleParse() {
	_, err := Parse([]byte(`{"holder": {"name": "Mallory", "na\u006de": "Bob"}}`), Limits{})
	fmt.Println(err)
	// Output: json: duplicate-key at "/holder/name" (line 1, column 32): the name "name" is there twice
}

func ExampleCanonical() {
	v, _ := Parse([]byte(`{"b": 1.50, "a": ["\u20ac", 1E3]}`), Limits{})
	text, _ := Canonical(v)
	fmt.Println(string(text))
	// Output: {"a":["€",1000],"b":1.5}
}
