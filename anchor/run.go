package anchor

import (
	"encoding/json"
)

// MaxRunHeaders bounds one run of an evidence file: two retarget periods. A longer
// stretch comes as several runs, or from a HeaderStore.
const MaxRunHeaders = 2 * period

// MaxRuns bounds the runs of one network in an evidence file, which are looked at
// together: form B of 64 periods, two and a half years of anchors. JoinRuns makes fewer.
const MaxRuns = 64

// maxFollowed bounds the headers that are held to the rules above one start of trust.
const maxFollowed = 16 * MaxRunHeaders

// A HeaderRun is a stretch of consecutive headers. In JSON the bytes are hex.
type HeaderRun struct {
	Start   Height // claimed height of the first header; LinkHeaders checks it
	Headers []byte // 80 bytes each, without a count
}

type runJSON struct {
	Headers hexBytes `json:"headers"`
	Start   Height   `json:"start"`
}

// MarshalJSON writes {"headers": hex, "start": height}.
func (r HeaderRun) MarshalJSON() ([]byte, error) {
	return json.Marshal(runJSON{Headers: r.Headers, Start: r.Start})
}

// UnmarshalJSON reads what MarshalJSON writes, strictly. Code: malformed-evidence.
func (r *HeaderRun) UnmarshalJSON(b []byte) error {
	var j runJSON
	err := strictMembers(b, map[string]any{"headers": &j.Headers, "start": &j.Start})
	if err == nil {
		*r = HeaderRun{Start: j.Start, Headers: j.Headers}
	}
	return err
}

// Len returns the number of whole headers.
func (r HeaderRun) Len() int { return len(r.Headers) / HeaderSize }

// Header returns header i of the run. It panics if i is out of range.
func (r HeaderRun) Header(i int) Header { return Header(r.Headers[i*HeaderSize:]) }

// end returns the height above the last header.
func (r HeaderRun) end() Height { return r.Start + Height(r.Len()) }

// at returns the header at height h if the run holds it.
func (r HeaderRun) at(h Height) (Header, bool) {
	if h < r.Start || h >= r.end() {
		return Header{}, false
	}
	return r.Header(int(h - r.Start)), true
}

// check refuses runs that cannot be read. It looks at no header.
func (r HeaderRun) check(part string) error {
	switch {
	case len(r.Headers) == 0 || len(r.Headers)%HeaderSize != 0:
		return refuse(CodeMalformedHeaders, part, "%d bytes are not headers of %d", len(r.Headers), HeaderSize)
	case r.Start < 0 || r.Start > maxHeight:
		return refuse(CodeMalformedHeaders, part, "start %d", r.Start)
	case r.Len() > MaxRunHeaders:
		return refuse(CodeLimit, part, "%d headers, limit %d", r.Len(), MaxRunHeaders)
	}
	return nil
}
