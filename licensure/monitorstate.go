package licensure

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// A MonitorState is what a run leaves for the next one. It names people by their number on
// the roster, and holds names that differ: keep it as the roster is kept.
type MonitorState struct {
	Version int                 `json:"version"`
	At      string              `json:"at"`
	Open    map[string]string   `json:"open"`   // item → when a run first saw it
	Orders  map[string]bool     `json:"orders"` // orders and alerts that were told
	Keys    map[string][]string `json:"keys"`   // issuer → ids of its keys
	Lists   map[string]uint64   `json:"lists"`  // list → highest sequence that counted
}

func newMonitorState(at time.Time) *MonitorState {
	return &MonitorState{Version: 1, At: at.UTC().Format(time.RFC3339), Open: map[string]string{}, Orders: map[string]bool{},
		Keys: map[string][]string{}, Lists: map[string]uint64{}}
}

// ReadMonitorState reads what a run wrote, of at most 256 MiB. A state of a later moment
// than at is an error: with it, what has happened since would be called old.
func ReadMonitorState(raw []byte, at time.Time) (*MonitorState, error) {
	s := newMonitorState(at)
	if err := strictjson.Unmarshal(raw, strictjson.Limits{Bytes: 256 << 20, Members: 50_000_000}, s); err != nil {
		return nil, fmt.Errorf("state of the monitor: %w", err)
	}
	when, err := time.Parse(time.RFC3339, s.At)
	switch {
	case s.Version != 1:
		return nil, fmt.Errorf("state of the monitor: version %d; this program reads version 1", s.Version)
	case err != nil:
		return nil, fmt.Errorf("state of the monitor: at: %w", err)
	case when.After(at):
		return nil, fmt.Errorf("state of the monitor: it is of %s, later than the moment asked, %s", s.At, at.UTC().Format(time.RFC3339))
	}
	return s, nil
}

// foldName is a name as two tables may write it differently: without case, marks, spaces
// and punctuation.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsMark(r) || unicode.IsSpace(r) || unicode.IsPunct(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}
