package strictjson

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Unmarshal parses data as Parse does and then fills the value that into points to,
// as encoding/json does, with these differences:
//
//   - a member that the Go type does not have is refused, and names are compared
//     with their case;
//   - null is refused where the Go type has no nil: encoding/json would leave the
//     field as it was;
//   - an array must have exactly the length of a Go array;
//   - numbers in a field of type any stay a json.Number.
//
// Types with an UnmarshalJSON or UnmarshalText method of their own read their part
// of the text themselves and are asked about it first.
func Unmarshal(data []byte, lim Limits, into any) error {
	tree, err := Parse(data, lim)
	if err != nil {
		return err
	}
	t := reflect.TypeOf(into)
	if t == nil || t.Kind() != reflect.Pointer {
		return &Error{Code: CodeWrongType, Detail: fmt.Sprintf("cannot fill a %T", into)}
	}
	if err := checkShape(tree, t.Elem()); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		// What checkShape leaves to encoding/json and to methods of the types.
		return &Error{Code: CodeWrongType, Detail: err.Error()}
	}
	return nil
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	numberType      = reflect.TypeFor[json.Number]()
	bytesType       = reflect.TypeFor[byte]()
)

// checkShape compares a parsed value with the Go type that is to hold it.
func checkShape(v any, t reflect.Type) *Error {
	if v == nil {
		switch t.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
			return nil
		}
		if reflect.PointerTo(t).Implements(jsonUnmarshaler) {
			return nil
		}
		return wrongType(v, t)
	}
	if reflect.PointerTo(t).Implements(jsonUnmarshaler) || t.Implements(jsonUnmarshaler) {
		return nil
	}
	if t.Kind() == reflect.Pointer {
		return checkShape(v, t.Elem())
	}
	if reflect.PointerTo(t).Implements(textUnmarshaler) {
		if _, ok := v.(string); !ok {
			return wrongType(v, t)
		}
		return nil
	}
	return checkKind(v, t)
}

func wrongType(v any, t reflect.Type) *Error {
	return &Error{Code: CodeWrongType, Detail: fmt.Sprintf("%s does not fit a %s", kindOf(v), t)}
}

// checkKind is checkShape for a value that is not null and a type without methods
// of its own.
func checkKind(v any, t reflect.Type) *Error {
	fits := false
	switch v := v.(type) {
	case map[string]any:
		switch t.Kind() {
		case reflect.Struct:
			return checkStruct(v, t)
		case reflect.Map:
			return checkMap(v, t)
		}
	case []any:
		switch t.Kind() {
		case reflect.Slice, reflect.Array:
			return checkList(v, t)
		}
	case string:
		isBytes := t.Kind() == reflect.Slice && t.Elem() == bytesType
		fits = t.Kind() == reflect.String && t != numberType || isBytes
	case bool:
		fits = t.Kind() == reflect.Bool
	case json.Number:
		fits = t == numberType || numberFits(string(v), t)
	}
	if !fits && t.Kind() != reflect.Interface {
		return wrongType(v, t)
	}
	return nil
}

// numberFits reports whether a number of the text s can be held by a Go number of
// type t: integers exactly, floating point by rounding.
func numberFits(s string, t reflect.Type) bool {
	var err error
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		_, err = strconv.ParseInt(s, 10, t.Bits())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		_, err = strconv.ParseUint(s, 10, t.Bits())
	case reflect.Float32, reflect.Float64:
		_, err = strconv.ParseFloat(s, t.Bits())
	default:
		return false
	}
	return err == nil
}

func checkMap(obj map[string]any, t reflect.Type) *Error {
	for name, v := range obj {
		if err := checkShape(v, t.Elem()); err != nil {
			return within(name, err)
		}
	}
	return nil
}

func checkList(list []any, t reflect.Type) *Error {
	if t.Kind() == reflect.Array && t.Len() != len(list) {
		return &Error{Code: CodeWrongType, Detail: fmt.Sprintf("%d elements where %d should be", len(list), t.Len())}
	}
	for i, v := range list {
		if err := checkShape(v, t.Elem()); err != nil {
			return within(strconv.Itoa(i), err)
		}
	}
	return nil
}

func checkStruct(obj map[string]any, t reflect.Type) *Error {
	fields := memberTypes(t)
	for name, v := range obj {
		ft, known := fields[name]
		if !known {
			return within(name, &Error{Code: CodeUnknownMember, Detail: "no such member is defined"})
		}
		if ft == nil {
			continue // `json:",string"`: encoding/json judges it
		}
		if err := checkShape(v, ft); err != nil {
			return within(name, err)
		}
	}
	return nil
}

// memberTypes returns the members of a struct as encoding/json names them. Members
// of an embedded struct give way to those of the outer one.
func memberTypes(t reflect.Type) map[string]reflect.Type {
	members := map[string]reflect.Type{}
	var embedded []reflect.Type
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if tag == "-" {
			continue
		}
		if f.Anonymous && name == "" {
			ft := f.Type
			if ft.Kind() == reflect.Pointer {
				ft = ft.Elem()
			}
			if ft.Kind() == reflect.Struct {
				embedded = append(embedded, ft)
				continue
			}
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		members[name] = f.Type
		if strings.Contains(options, "string") {
			members[name] = nil
		}
	}
	for _, et := range embedded {
		for name, ft := range memberTypes(et) {
			if _, taken := members[name]; !taken {
				members[name] = ft
			}
		}
	}
	return members
}
