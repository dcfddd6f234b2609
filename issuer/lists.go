package issuer

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/status"
)

// A list is one status list of the issuer, for one type family, period and purpose.
type list struct {
	Version   int    `json:"version"`
	Name      string `json:"name"`
	Purpose   string `json:"purpose"`
	Size      int    `json:"size"`
	Sequence  uint64 `json:"sequence"` // of the newest published; 0 before the first
	Allocated string `json:"allocated"`
	Values    string `json:"values"`
	Tokens    bool   `json:"tokens,omitempty"` // published as an IETF list too, since SD-JWT VCs name it

	allocated *status.Bitstring
	values    *status.Bitstring
	used      int
	dirty     bool
}

// lists are all status lists of a state folder.
type lists struct {
	is     *Issuer
	byName map[string]*list
	// revoked is the Open Badges list of an issuer whose profile names one: id →
	// reason.
	revoked map[string]string
}

func openLists(is *Issuer) (*lists, error) {
	l := &lists{is: is, byName: make(map[string]*list), revoked: make(map[string]string)}
	if err := l.readRevoked(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(is.state("lists"))
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		if err := l.read(is.state(filepath.Join("lists", e.Name()))); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *lists) read(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var one list
	err = strictjson.Unmarshal(data, strictjson.Limits{Bytes: 64 << 20}, &one)
	if err == nil && one.Version != 1 {
		err = errors.New("not a status list of version 1")
	}
	if err == nil {
		one.allocated, err = status.Decode(one.Allocated, 1)
	}
	if err == nil {
		one.values, err = status.Decode(one.Values, one.Size)
	}
	if err != nil {
		return &CorruptError{name, 0, err.Error()}
	}
	for i := range one.allocated.Len() {
		if v, _ := one.allocated.At(i); v == 1 {
			one.used++
		}
	}
	l.byName[one.Name] = &one
	return nil
}

// save writes the lists that have changed.
func (l *lists) save() error {
	for _, name := range l.names() {
		one := l.byName[name]
		if !one.dirty {
			continue
		}
		one.Allocated, one.Values = one.allocated.Encode(), one.values.Encode()
		data, err := json.Marshal(one)
		if err == nil {
			err = l.is.files.Mkdir(l.is.state("lists"))
		}
		if err == nil {
			err = l.is.files.Replace(l.is.state("lists/"+name+".json"), append(data, '\n'), 0o600)
		}
		if err != nil {
			return err
		}
		one.dirty = false
	}
	return nil
}

func (l *lists) names() []string {
	names := make([]string, 0, len(l.byName))
	for n := range l.byName {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// url is where a list is published: beside the profile.
func (l *lists) url(name string) string { return beside(l.is.profile.ID, "status/"+name+".json") }

// assign draws an entry in a list of each purpose for a credential of these types.
func (l *lists) assign(types []string, at time.Time) ([]any, error) {
	purposes := []Purpose{Revocation}
	if l.is.config.Purposes != nil {
		purposes = l.is.config.Purposes(types)
	}
	var entries []any
	for _, p := range purposes {
		one := l.current(family(types[0]), at.Year(), p)
		index, err := l.draw(one)
		if err != nil {
			return nil, err
		}
		e := map[string]any{
			"id":                   l.url(one.Name) + "#" + strconv.Itoa(index),
			"type":                 credential.BitstringEntry,
			"statusPurpose":        p.Name,
			"statusListIndex":      strconv.Itoa(index),
			"statusListCredential": l.url(one.Name),
		}
		if p.Size > 1 {
			// Bitstring Status List 1.0, section 2.1: wider entries name their values.
			e["statusSize"] = json.Number(strconv.Itoa(p.Size))
			e["statusMessage"] = messages(p)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// asTokens splits entries into the status claim of an SD-JWT VC, which names the revocation's
// place in the IETF list of the same bits, and the entries that stay as they are.
func (l *lists) asTokens(entries any) (claim map[string]any, others []any) {
	list, _ := entries.([]any)
	for _, v := range list {
		e := v.(map[string]any)
		index, _ := e["statusListIndex"].(string)
		url, _ := e["statusListCredential"].(string)
		if e["statusPurpose"] != Revocation.Name {
			others = append(others, v)
			continue
		}
		claim = map[string]any{credential.TokenEntry: map[string]any{"idx": json.Number(index), "uri": strings.TrimSuffix(url, ".json") + ".jwt"}}
		if name, _, err := l.locate(credential.StatusEntry{List: url, Index: index}); err == nil {
			l.wantTokens(l.byName[name])
		}
	}
	return claim, others
}

func (l *lists) wantTokens(one *list) {
	if !one.Tokens {
		one.Tokens, one.dirty = true, true
	}
}

func messages(p Purpose) []any {
	var list []any
	for i, m := range p.Messages {
		list = append(list, map[string]any{"status": fmt.Sprintf("0x%x", i), "message": m})
	}
	return list
}

// family shortens a type for the name of its list.
func family(typ string) string {
	name := strings.ToLower(strings.TrimSuffix(typ, "Credential"))
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
	if name = strings.Trim(name, "-"); name == "" {
		return "credential"
	}
	return name
}

// current returns the list in use, a new one when the last is half full: random draws
// stay quick, and unused entries are decoys.
func (l *lists) current(family string, year int, p Purpose) *list {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s-%d-%s", family, year, p.Name)
		if n > 1 {
			name += "-" + strconv.Itoa(n)
		}
		one, ok := l.byName[name]
		if !ok {
			one = l.create(name, p.Name, p.Size)
		}
		if one.used < one.allocated.Len()/2 {
			return one
		}
	}
}

func (l *lists) create(name, purpose string, size int) *list {
	one := &list{Version: 1, Name: name, Purpose: purpose, Size: size, dirty: true,
		allocated: status.New(status.MinEntries, 1), values: status.New(status.MinEntries, size)}
	l.byName[name] = one
	return one
}

// draw takes a free entry, uniformly at random, so that an index says nothing about
// when or to whom a credential was issued.
func (l *lists) draw(one *list) (int, error) {
	for {
		n, err := rand.Int(l.is.config.Random, big.NewInt(int64(one.allocated.Len())))
		if err != nil {
			return 0, fmt.Errorf("issuer: no random numbers: %w", err)
		}
		i := int(n.Int64())
		if v, _ := one.allocated.At(i); v == 0 {
			one.take(i)
			return i, nil
		}
	}
}

func (o *list) take(i int) {
	if v, err := o.allocated.At(i); err != nil || v == 1 {
		return
	}
	o.allocated.Set(i, 1)
	o.used++
	o.dirty = true
}

// claim marks the entries of a document that an earlier run spooled.
func (l *lists) claim(doc []byte) error {
	cred, err := credential.Parse(doc)
	if err != nil {
		return err
	}
	entries, err := cred.StatusEntries()
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, index, err := l.locate(e)
		if err != nil {
			return err
		}
		one, ok := l.byName[name]
		if !ok {
			one = l.create(name, e.Purpose, e.Size)
		}
		one.take(index)
		if e.Type == credential.TokenEntry {
			l.wantTokens(one)
		}
	}
	return nil
}

func (l *lists) locate(e credential.StatusEntry) (name string, index int, err error) {
	prefix := l.url("")
	prefix = strings.TrimSuffix(prefix, ".json")
	name, ok := strings.CutPrefix(strings.TrimSuffix(strings.TrimSuffix(e.List, ".jwt"), ".json"), prefix)
	if !ok || strings.ContainsAny(name, "/\\") {
		return "", 0, fmt.Errorf("issuer: %s is no list of this issuer", e.List)
	}
	index, err = status.ParseIndex(e.Index)
	return name, index, err
}

// An UnknownError means that the issuer has issued no such credential, or has no list
// of that purpose for it.
type UnknownError struct {
	ID, Purpose string
	Issued      bool // it was issued, but has no such entry
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("issuer: no credential %s with a %s entry was issued here", e.ID, e.Purpose)
}

// ErrNoReason means that a document was to be taken back without a reason.
var ErrNoReason = errors.New("issuer: a document is taken back for a reason; it stays in the issuer's own log")

// SetStatus writes the value of a credential's entry: for suspension 0 or 1, for a
// message its code. It takes effect with the next PublishLists. A revocation is made with
// Revoke. Errors: *UnknownError.
func (is *Issuer) SetStatus(id, purpose string, value uint8) error {
	if purpose == Revocation.Name && value == 1 {
		return ErrNoReason
	}
	_, missing, err := is.SetStatuses(purpose, map[string]uint8{id: value})
	if err == nil && len(missing) > 0 {
		return missing[0]
	}
	return err
}

// SetStatuses is SetStatus for many credentials, by id, at once. It returns how many entries
// have changed, and which credentials have none here: erased, or never issued. An error
// changes nothing.
func (is *Issuer) SetStatuses(purpose string, values map[string]uint8) (changed int, missing []*UnknownError, err error) {
	for _, value := range values {
		if purpose == Revocation.Name && value == 1 {
			return 0, nil, ErrNoReason
		}
	}
	places, missing, err := is.places(purpose, values)
	if err != nil {
		return 0, nil, err
	}
	for id, p := range places {
		value := values[id]
		if int(value)>>p.list.Size != 0 {
			return 0, nil, fmt.Errorf("issuer: %d does not fit an entry of %d bits", value, p.list.Size)
		}
		if old, _ := p.list.values.At(p.index); purpose == Revocation.Name && old == 1 {
			return 0, nil, fmt.Errorf("issuer: %s is revoked, and a revocation is not undone; issue a new credential", id)
		}
	}
	for id, p := range places {
		value := values[id]
		if old, _ := p.list.values.At(p.index); old != value {
			p.list.values.Set(p.index, value)
			p.list.dirty = true
			changed++
		}
	}
	return changed, missing, is.lists.save()
}

// Revoke takes a credential back, in its status list, and in the issuer's Open Badges
// list if its profile names one. The reason stays in the state folder (revoked.json); only
// an Open Badges list publishes it. It takes effect with the next PublishLists and cannot
// be undone. Errors: ErrNoReason, *UnknownError.
func (is *Issuer) Revoke(id, reason string) error {
	if reason == "" {
		return ErrNoReason
	}
	one, index, err := is.find(id, Revocation.Name)
	var unknown *UnknownError
	switch {
	case err == nil:
		one.values.Set(index, 1)
		one.dirty = true
	case !errors.As(err, &unknown) || !unknown.Issued || is.profile.RevocationList == "":
		return err
	}
	is.lists.revoked[id] = reason
	if err := is.lists.saveRevoked(); err != nil {
		return err
	}
	return is.lists.save()
}

func (l *lists) readRevoked() error {
	name := l.is.state("revoked.json")
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = strictjson.Unmarshal(data, strictjson.Limits{Bytes: 64 << 20, Members: 1 << 20}, &l.revoked)
	}
	if err != nil {
		return &CorruptError{name, 0, err.Error()}
	}
	return nil
}

func (l *lists) saveRevoked() error {
	data, err := json.Marshal(l.revoked)
	if err != nil {
		return err
	}
	return l.is.files.Replace(l.is.state("revoked.json"), append(data, '\n'), 0o600)
}

// publishRevoked writes the Open Badges list beside the profile (Blockcerts formats,
// section 9). Nobody signs such a list.
func (l *lists) publishRevoked() error {
	url := l.is.profile.RevocationList
	if url == "" {
		return nil
	}
	entries := make([]any, 0, len(l.revoked))
	for _, id := range slices.Sorted(maps.Keys(l.revoked)) {
		e := map[string]any{"id": id}
		if reason := l.revoked[id]; reason != "" {
			e["revocationReason"] = reason
		}
		entries = append(entries, e)
	}
	data, err := json.MarshalIndent(map[string]any{"@context": "https://w3id.org/openbadges/v2", "id": url,
		"type": "RevocationList", "issuer": l.is.profile.ID, "revokedAssertions": entries}, "", "  ")
	if err != nil {
		return err
	}
	return l.is.files.Replace(filepath.Join(l.is.config.Dir, path.Base(url)), append(data, '\n'), 0o644)
}

// Status returns the value of a credential's entry. Errors: *UnknownError.
func (is *Issuer) Status(id, purpose string) (uint8, error) {
	one, index, err := is.find(id, purpose)
	if err != nil {
		return 0, err
	}
	return one.values.At(index)
}

func (is *Issuer) find(id, purpose string) (*list, int, error) {
	places, missing, err := is.places(purpose, map[string]uint8{id: 0})
	if err == nil && len(missing) > 0 {
		err = missing[0]
	}
	return places[id].list, places[id].index, err
}

// A listPlace is where the status of a credential stands.
type listPlace struct {
	list  *list
	index int
}

// places finds the entries of credentials in one pass over what was issued, and those that
// have none, by id.
func (is *Issuer) places(purpose string, wanted map[string]uint8) (map[string]listPlace, []*UnknownError, error) {
	found, issued := make(map[string]listPlace, len(wanted)), map[string]bool{}
	for _, key := range is.journal.order {
		err := readLog(is.batchFile(key, "entries"), func(line []byte) error {
			var e entry
			if err := json.Unmarshal(line, &e); err != nil {
				return err
			}
			if _, ok := wanted[e.ID]; !ok {
				return nil
			}
			issued[e.ID] = true
			for _, s := range e.Status {
				if one, ok := is.lists.byName[s.List]; ok && s.Purpose == purpose {
					found[e.ID] = listPlace{one, s.Index}
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
	}
	var missing []*UnknownError
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		if _, ok := found[id]; !ok {
			missing = append(missing, &UnknownError{id, purpose, issued[id]})
		}
	}
	return found, missing, nil
}

// An entry is what is kept about one credential: no document, no salt.
type entry struct {
	ID     string        `json:"id"`
	Status []statusPlace `json:"status,omitempty"`
}

type statusPlace struct {
	Purpose string `json:"purpose"`
	List    string `json:"list"`
	Index   int    `json:"index"`
}

// writeEntries keeps where each credential's status stands, by id.
func (b *Batch) writeEntries() error {
	var out []byte
	for s, err := range b.documents() {
		if err != nil {
			return err
		}
		cred, err := credential.Parse(s.Doc)
		if err != nil {
			return err
		}
		e := entry{ID: cred.ID()}
		entries, err := cred.StatusEntries()
		if err != nil {
			return err
		}
		for _, se := range entries {
			name, index, err := b.is.lists.locate(se)
			if err != nil {
				return err
			}
			e.Status = append(e.Status, statusPlace{se.Purpose, name, index})
		}
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		out = append(out, formatRecord(line)...)
	}
	return b.is.files.Replace(b.is.batchFile(b.p.key, "entries"), out, 0o600)
}

// A Published list is a signed status list credential and where it belongs.
type Published struct {
	URL      string
	Name     string // file name under status/
	Sequence uint64
	Bytes    []byte
}

// PublishLists signs every list as of at, under the next sequence number, writes them
// to status/ in the issuer's folder and returns them. Sequence numbers are stored
// before a list is written: no number is used twice.
func (is *Issuer) PublishLists(at time.Time) ([]Published, error) {
	for _, name := range is.lists.names() {
		one := is.lists.byName[name]
		one.Sequence++
		one.dirty = true
	}
	if err := is.lists.save(); err != nil {
		return nil, err
	}
	dir := filepath.Join(is.config.Dir, "status")
	if err := is.files.Mkdir(dir); err != nil {
		return nil, err
	}
	var published []Published
	for _, name := range is.lists.names() {
		doc, err := is.signList(is.lists.byName[name], at.UTC().Truncate(time.Second))
		if err != nil {
			return nil, err
		}
		p := Published{URL: is.lists.url(name), Name: name + ".json", Sequence: is.lists.byName[name].Sequence, Bytes: doc}
		if err := is.files.Replace(filepath.Join(dir, p.Name), doc, 0o644); err != nil {
			return nil, err
		}
		published = append(published, p)
		if !is.lists.byName[name].Tokens {
			continue
		}
		if p, err = is.publishTokens(p, is.lists.byName[name], at.UTC().Truncate(time.Second)); err != nil {
			return nil, err
		}
		published = append(published, p)
	}
	return published, is.lists.publishRevoked()
}

// publishTokens signs and writes the IETF list of the same bits (Token Status List, section
// 5.1). sequence is a member of our own.
func (is *Issuer) publishTokens(p Published, one *list, at time.Time) (Published, error) {
	p.URL, p.Name = strings.TrimSuffix(p.URL, ".json")+".jwt", one.Name+".jwt"
	tokens := status.NewTokens(one.values.Len(), 1)
	for i := range one.values.Len() {
		v, err := one.values.At(i)
		if err != nil {
			return p, err
		}
		if v != 0 {
			tokens.Set(i, status.TokenInvalid)
		}
	}
	payload, err := canonicalJSON(map[string]any{"sub": p.URL, "iss": is.profile.ID, "iat": at.Unix(), "exp": at.Add(is.config.ListLife).Unix(),
		"sequence": one.Sequence, "status_list": map[string]any{"bits": 1, "lst": tokens.Encode()}})
	if err != nil {
		return p, err
	}
	jwt, err := cryptosuite.SignJWT(credential.TypStatusList, is.config.KeyID, payload, is.config.Signer)
	if err != nil {
		return p, fmt.Errorf("issuer: signing the list %s: %w", p.Name, err)
	}
	p.Bytes = []byte(jwt + "\n")
	return p, is.files.Replace(filepath.Join(is.config.Dir, "status", p.Name), p.Bytes, 0o644)
}

// signList makes the list credential (Bitstring Status List 1.0, section 2.2): its
// validFrom is the moment it speaks about.
func (is *Issuer) signList(one *list, at time.Time) ([]byte, error) {
	url := is.lists.url(one.Name)
	doc := map[string]any{
		"@context":   []any{credential.ContextVC2, is.context},
		"id":         url,
		"type":       []any{"VerifiableCredential", "BitstringStatusListCredential"},
		"issuer":     is.profile.ID,
		"validFrom":  at.Format(time.RFC3339),
		"validUntil": at.Add(is.config.ListLife).Format(time.RFC3339),
		"credentialSubject": map[string]any{
			"id":            url + "#list",
			"type":          "BitstringStatusList",
			"statusPurpose": one.Purpose,
			"encodedList":   one.values.Encode(),
			"sequence":      json.Number(strconv.FormatUint(one.Sequence, 10)),
		},
	}
	proof, err := cryptosuite.Sign(doc, cryptosuite.Options{VerificationMethod: is.config.KeyID,
		Purpose: did.AssertionMethod, Created: at}, is.config.Signer, is.contexts)
	if err != nil {
		return nil, fmt.Errorf("issuer: signing the list %s: %w", one.Name, err)
	}
	doc["proof"] = proof
	b, err := encode(doc)
	return append(b, '\n'), err
}
