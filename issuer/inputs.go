package issuer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// maxRoster bounds a CSV roster in bytes.
const maxRoster = 1 << 30

// ReadDrafts returns the drafts at path: a .jsonl file with one draft a line, a .json
// file with one draft or an array of them, a folder of .json files in the order of
// their names, or a .csv roster, which needs a template (see Roster). Files are opened
// anew on each ranging; JSON Lines and rosters are streamed. Faults come as *DraftError
// that name file and line.
func ReadDrafts(path, template string) (Drafts, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	ext := strings.ToLower(filepath.Ext(path))
	if template != "" && (ext != ".csv" || info.IsDir()) {
		return nil, errors.New("issuer: a template goes with a .csv roster only")
	}
	switch {
	case info.IsDir():
		return draftFolder(path), nil
	case ext == ".jsonl":
		return draftLines(path), nil
	case ext == ".json":
		return draftFile(path), nil
	case ext == ".csv":
		return Roster(path, template)
	}
	return nil, fmt.Errorf("issuer: %s is neither a folder nor .jsonl, .json or .csv", path)
}

func parseDraft(raw []byte, place string) (Draft, error) {
	o, err := strictjson.ParseObject(raw, strictjson.Limits{Bytes: credential.MaxBytes})
	return Draft{Object: o, Place: place}, readingFault(place, err)
}

// readingFault turns an error of reading JSON into one that names the draft.
func readingFault(place string, err error) error {
	if err == nil {
		return nil
	}
	code, path := "unreadable", ""
	var bad *strictjson.Error
	if errors.As(err, &bad) {
		code, path = string(bad.Code), bad.Path
	}
	return &DraftError{Place: place, Path: path, Code: code, Err: err}
}

func draftLines(path string) Drafts {
	return func(yield func(Draft, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(Draft{}, readingFault(path, err))
			return
		}
		defer f.Close()
		r := newLineReader(io.MultiReader(f, strings.NewReader("\n")))
		for n := 1; ; n++ {
			line, err := r.next()
			if err == io.EOF {
				return
			}
			place := fmt.Sprintf("%s line %d", path, n)
			if err == nil && len(strings.TrimSpace(string(line))) == 0 {
				continue
			}
			var d Draft
			if err != nil {
				err = readingFault(place, err)
			} else {
				d, err = parseDraft(line, place)
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

// maxDraftFile bounds a .json file with an array of drafts; longer ones are JSON Lines.
const maxDraftFile = 256 << 20

// readBounded reads a file without ever holding more than limit bytes of it.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &strictjson.Error{Code: strictjson.CodeLimitBytes, Detail: fmt.Sprintf("more than %d bytes", limit)}
	}
	return data, err
}

func draftFile(path string) Drafts {
	return func(yield func(Draft, error) bool) {
		raw, err := readBounded(path, maxDraftFile)
		if err != nil {
			yield(Draft{}, readingFault(path, err))
			return
		}
		v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: maxDraftFile, Members: 5_000_000})
		if err != nil {
			yield(Draft{}, readingFault(path, err))
			return
		}
		list, isList := v.([]any)
		if !isList {
			list = []any{v}
		}
		for i, e := range list {
			place := path
			if isList {
				place = fmt.Sprintf("%s element %d", path, i)
			}
			o, ok := e.(map[string]any)
			if !ok {
				yield(Draft{}, &DraftError{Place: place, Code: "wrong-type", Err: errors.New("a draft is a JSON object")})
				return
			}
			if !yield(Draft{Object: o, Place: place}, nil) {
				return
			}
		}
	}
}

func draftFolder(dir string) Drafts {
	return func(yield func(Draft, error) bool) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			yield(Draft{}, readingFault(dir, err))
			return
		}
		for _, e := range entries { // ReadDir sorts by name
			if e.IsDir() || strings.ToLower(filepath.Ext(e.Name())) != ".json" {
				continue
			}
			path := filepath.Join(dir, e.Name())
			raw, err := readBounded(path, credential.MaxBytes)
			var d Draft
			if err != nil {
				err = readingFault(path, err)
			} else {
				d, err = parseDraft(raw, path)
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

// placeholder is a column of the roster inside a text of the template. With a question
// mark the member is left out where the cell is empty.
var placeholder = regexp.MustCompile(`\{\{ *([^{}?]+?) *(\?)? *\}\}`)

// Roster returns a draft for each row of a CSV file (RFC 4180, UTF-8, with a header
// row). The template is a draft whose texts hold column names in double braces:
//
//	{"type": ["CertificateCredential"], "credentialSubject": {"person": {"familyName": "{{Surname}}", "suffix": "{{Suffix?}}"}}}
//
// An empty cell is an error unless its placeholder ends in a question mark. Columns
// that the template does not use are left alone; a row with another number of columns
// than the header is a *DraftError with its line.
func Roster(path, template string) (Drafts, error) {
	if template == "" {
		return nil, errors.New("issuer: a .csv roster needs a template: a draft whose texts name columns as {{Column}}")
	}
	raw, err := readBounded(template, credential.MaxBytes)
	if err != nil {
		return nil, readingFault(template, err)
	}
	model, err := parseDraft(raw, template)
	if err != nil {
		return nil, err
	}
	return func(yield func(Draft, error) bool) { readRoster(path, template, model.Object, yield) }, nil
}

func readRoster(path, template string, model map[string]any, yield func(Draft, error) bool) {
	f, err := os.Open(path)
	if err != nil {
		yield(Draft{}, readingFault(path, err))
		return
	}
	defer f.Close()
	r := csv.NewReader(io.LimitReader(f, maxRoster))
	header, err := r.Read()
	if err != nil {
		yield(Draft{}, rosterFault(path, 1, err))
		return
	}
	header = slices.Clone(header)
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // spreadsheets begin files with it
	for i, name := range header {
		if slices.Index(header, name) != i {
			yield(Draft{}, rosterFault(path, 1, fmt.Errorf("the column %q is there twice", name)))
			return
		}
	}
	for n := 0; ; n++ {
		cells, err := r.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			line := n + 2 // where no cell has been read, FieldPos panics
			var csvErr *csv.ParseError
			if errors.As(err, &csvErr) {
				line = csvErr.Line
			}
			yield(Draft{}, rosterFault(path, line, err))
			return
		}
		line, _ := r.FieldPos(0)
		row := make(map[string]string, len(header))
		for i, name := range header {
			row[name] = cells[i]
		}
		v, _, err := fill(model, row)
		if err != nil {
			yield(Draft{}, &DraftError{Place: fmt.Sprintf("%s line %d", path, line), Code: "roster-cell", Err: fmt.Errorf("%w (template %s)", err, template)})
			return
		}
		if !yield(Draft{Object: v.(map[string]any), Place: fmt.Sprintf("%s line %d", path, line)}, nil) {
			return
		}
	}
}

func rosterFault(path string, line int, err error) error {
	return &DraftError{Place: fmt.Sprintf("%s line %d", path, line), Code: "roster-row", Err: err}
}

// fill copies v with its placeholders replaced; keep is false for a text that is one
// optional placeholder with an empty cell.
func fill(v any, row map[string]string) (filled any, keep bool, err error) {
	switch x := v.(type) {
	case string:
		return fillText(x, row)
	case []any:
		list := make([]any, 0, len(x))
		for _, e := range x {
			f, keep, err := fill(e, row)
			if err != nil {
				return nil, false, err
			}
			if keep {
				list = append(list, f)
			}
		}
		return list, len(list) > 0, nil
	case map[string]any:
		m := make(map[string]any, len(x))
		for name, e := range x {
			f, keep, err := fill(e, row)
			if err != nil {
				return nil, false, err
			}
			if keep {
				m[name] = f
			}
		}
		return m, len(m) > 0, nil
	}
	return v, true, nil
}

func fillText(text string, row map[string]string) (any, bool, error) {
	var err error
	empty := false
	out := placeholder.ReplaceAllStringFunc(text, func(hole string) string {
		m := placeholder.FindStringSubmatch(hole)
		cell, known := row[m[1]]
		cell = strings.TrimSpace(cell)
		switch {
		case !known:
			err = fmt.Errorf("the roster has no column %q", m[1])
		case !isUTF8(cell):
			err = fmt.Errorf("the cell %q is not UTF-8", m[1])
		case cell == "" && m[2] == "":
			err = fmt.Errorf("the cell %q is empty; write {{%s?}} in the template if it may be", m[1], m[1])
		case cell == "":
			empty = true
		}
		return cell
	})
	return out, !(empty && out == ""), err
}

func isUTF8(s string) bool { return strings.ToValidUTF8(s, "") == s }
