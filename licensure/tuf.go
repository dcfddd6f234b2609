package licensure

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/certanchor/certanchor/internal/strictjson"
)

// A trust list travels as the one target of TUF metadata (The Update Framework), which has
// thought longer than we about what a thief, a liar and an old copy can do:
//
//	root       names the quorum: n keys, m of which must sign a new root and a new list (TR-4)
//	targets    names the list by length and SHA-256, signed by the quorum
//	snapshot   names the version of targets, so that old and new are not mixed
//	timestamp  names the snapshot, and ends soon: who sees no newer one by then is being
//	           kept from it (freeze)
//
// Versions never go back (rollback). What was accepted once stays in use offline until it is
// replaced: an end bounds how old an update may be, not how long a list is believed.

// trustTarget is the name of the list among the targets.
const trustTarget = "trust-list.json"

// maxMetadata bounds one file of metadata, maxRoots the roots between two updates.
const (
	maxMetadata = 1 << 20
	maxRoots    = 256
)

// A TrustState is what a relying party keeps: the last files that were accepted. It begins
// with a root that came by a way the relying party trusts.
type TrustState struct {
	Root, Timestamp, Snapshot, Targets, List []byte
}

// A TrustUpdate is what is offered: all roots after the one kept, in order, and the newest of
// the others.
type TrustUpdate struct {
	Roots                              [][]byte
	Timestamp, Snapshot, Targets, List []byte
}

// AcceptTrustList takes an update over at the moment at: a new root only if the quorum named
// in the one before has signed it, a new list only if the quorum in force has. It returns the
// state to keep from now on. On any error (a [*RuleError] of TR-4) the old state stands.
func AcceptTrustList(kept TrustState, offer TrustUpdate, at time.Time) (TrustState, *TrustList, error) {
	next, list, err := acceptTrustList(kept, offer, at)
	if err != nil {
		return TrustState{}, nil, &RuleError{Rule: "TR-4", Detail: err.Error()}
	}
	return next, list, nil
}

func acceptTrustList(kept TrustState, offer TrustUpdate, at time.Time) (TrustState, *TrustList, error) {
	if len(offer.Roots) > maxRoots {
		return TrustState{}, nil, fmt.Errorf("more than %d roots", maxRoots)
	}
	for _, raw := range append([][]byte{kept.Root, offer.Timestamp, offer.Snapshot, offer.Targets}, offer.Roots...) {
		// encoding/json would keep the last of two members of one name.
		if _, err := strictjson.ParseObject(raw, strictjson.Limits{Bytes: maxMetadata}); err != nil {
			return TrustState{}, nil, err
		}
	}
	trusted, err := trustedmetadata.New(kept.Root)
	if err != nil {
		return TrustState{}, nil, err
	}
	trusted.RefTime = at
	next := TrustState{Root: kept.Root, Timestamp: offer.Timestamp, Snapshot: offer.Snapshot, Targets: offer.Targets, List: offer.List}
	for _, raw := range offer.Roots {
		if _, err := trusted.UpdateRoot(raw); err != nil {
			return TrustState{}, nil, err
		}
		next.Root = raw
	}
	if err := remember(trusted, kept); err != nil {
		return TrustState{}, nil, err
	}
	if _, err := trusted.UpdateTimestamp(offer.Timestamp); err != nil {
		var same *metadata.ErrEqualVersionNumber
		if !errors.As(err, &same) {
			return TrustState{}, nil, err
		}
		next.Timestamp = kept.Timestamp
	}
	if kept.Snapshot != nil {
		// For the comparison only: it may be old, or of a publisher that the quorum replaced.
		_, _ = trusted.UpdateSnapshot(kept.Snapshot, true)
	}
	if _, err := trusted.UpdateSnapshot(offer.Snapshot, false); err != nil {
		return TrustState{}, nil, err
	}
	targets, err := trusted.UpdateTargets(offer.Targets)
	if err != nil {
		return TrustState{}, nil, err
	}
	if err := forward(kept.Targets, targets.Signed.Version); err != nil {
		return TrustState{}, nil, err
	}
	target, ok := targets.Signed.Targets[trustTarget]
	if !ok {
		return TrustState{}, nil, fmt.Errorf("the targets name no %s", trustTarget)
	}
	if sum := sha256.Sum256(offer.List); int64(len(offer.List)) != target.Length || hex.EncodeToString(sum[:]) != hex.EncodeToString(target.Hashes["sha256"]) {
		return TrustState{}, nil, errors.New("the list is not the one the quorum signed")
	}
	list, err := ParseTrustList(offer.List)
	return next, list, err
}

// forward refuses a list of an earlier version than the one kept, whoever published it.
func forward(kept []byte, version int64) error {
	if kept == nil {
		return nil
	}
	old, err := metadata.Targets().FromBytes(kept)
	if err != nil {
		return err
	}
	if version < old.Signed.Version {
		return fmt.Errorf("the list goes back from version %d to %d", old.Signed.Version, version)
	}
	return nil
}

// remember loads what was accepted before, so that nothing goes back behind it. A timestamp
// of keys that the new root no longer names is forgotten, as TUF has it: the quorum has
// replaced them.
func remember(trusted *trustedmetadata.TrustedMetadata, kept TrustState) error {
	if kept.Timestamp == nil {
		return nil
	}
	_, err := trusted.UpdateTimestamp(kept.Timestamp)
	if err != nil && trusted.Timestamp == nil && errors.Is(err, &metadata.ErrExpiredMetadata{}) {
		return err // the root itself has ended
	}
	return nil
}

// A Quorum is who decides about a trust list: so many of these keys (Ed25519).
type Quorum struct {
	Keys      []ed25519.PublicKey
	Threshold int
}

// NewTrustRoot returns an unsigned root: the quorum for roots and lists, the federation's own
// key for snapshot and timestamp.
func NewTrustRoot(version int64, q Quorum, publisher ed25519.PublicKey, expires time.Time) ([]byte, error) {
	if q.Threshold < 1 || q.Threshold > len(q.Keys) || version < 1 {
		return nil, refuse("TR-4", "a quorum of %d of %d, version %d", q.Threshold, len(q.Keys), version)
	}
	root := metadata.Root(expires.UTC())
	root.Signed.Version = version
	root.Signed.ConsistentSnapshot = false
	add := func(key ed25519.PublicKey, role string) error {
		k, err := metadata.KeyFromPublicKey(key)
		if err != nil {
			return err
		}
		return root.Signed.AddKey(k, role)
	}
	for _, key := range q.Keys {
		for _, role := range []string{metadata.ROOT, metadata.TARGETS} {
			if err := add(key, role); err != nil {
				return nil, err
			}
		}
	}
	for _, role := range []string{metadata.SNAPSHOT, metadata.TIMESTAMP} {
		if err := add(publisher, role); err != nil {
			return nil, err
		}
	}
	for _, role := range []string{metadata.ROOT, metadata.TARGETS} {
		if len(root.Signed.Roles[role].KeyIDs) != len(q.Keys) {
			return nil, refuse("TR-4", "a key stands twice in the quorum")
		}
		root.Signed.Roles[role].Threshold = q.Threshold
	}
	return root.ToBytes(false)
}

// NewTrustTargets returns unsigned targets that name a list.
func NewTrustTargets(version int64, list []byte, expires time.Time) ([]byte, error) {
	if _, err := ParseTrustList(list); err != nil {
		return nil, err
	}
	target, err := metadata.TargetFile().FromBytes(trustTarget, list, "sha256")
	if err != nil {
		return nil, err
	}
	targets := metadata.Targets(expires.UTC())
	targets.Signed.Version = version
	targets.Signed.Targets[trustTarget] = target
	return targets.ToBytes(false)
}

// NewTrustSnapshot returns an unsigned snapshot of signed targets.
func NewTrustSnapshot(version int64, targets []byte, expires time.Time) ([]byte, error) {
	t, err := metadata.Targets().FromBytes(targets)
	if err != nil {
		return nil, err
	}
	snapshot := metadata.Snapshot(expires.UTC())
	snapshot.Signed.Version = version
	snapshot.Signed.Meta = map[string]*metadata.MetaFiles{"targets.json": metaFile(t.Signed.Version, targets)}
	return snapshot.ToBytes(false)
}

// NewTrustTimestamp returns an unsigned timestamp of a signed snapshot.
func NewTrustTimestamp(version int64, snapshot []byte, expires time.Time) ([]byte, error) {
	s, err := metadata.Snapshot().FromBytes(snapshot)
	if err != nil {
		return nil, err
	}
	stamp := metadata.Timestamp(expires.UTC())
	stamp.Signed.Version = version
	stamp.Signed.Meta = map[string]*metadata.MetaFiles{"snapshot.json": metaFile(s.Signed.Version, snapshot)}
	return stamp.ToBytes(false)
}

func metaFile(version int64, data []byte) *metadata.MetaFiles {
	m, sum := metadata.MetaFile(version), sha256.Sum256(data)
	m.Length, m.Hashes = int64(len(data)), metadata.Hashes{"sha256": sum[:]}
	return m
}

// SignTrust adds a signature to any of the files above. The signer's key is Ed25519; it may
// live in hardware.
func SignTrust(file []byte, signer crypto.Signer) ([]byte, error) {
	if _, ok := signer.Public().(ed25519.PublicKey); !ok {
		return nil, refuse("TR-4", "a key of the quorum is Ed25519")
	}
	head, err := strictjson.ParseObject(file, strictjson.Limits{Bytes: maxMetadata})
	if err != nil {
		return nil, err
	}
	signed, _ := head["signed"].(map[string]any)
	switch signed["_type"] {
	case metadata.ROOT:
		return signAs(metadata.Root(), file, signer)
	case metadata.TARGETS:
		return signAs(metadata.Targets(), file, signer)
	case metadata.SNAPSHOT:
		return signAs(metadata.Snapshot(), file, signer)
	case metadata.TIMESTAMP:
		return signAs(metadata.Timestamp(), file, signer)
	}
	return nil, refuse("TR-4", "no metadata of a trust list")
}

func signAs[T metadata.Roles](empty *metadata.Metadata[T], file []byte, signer crypto.Signer) ([]byte, error) {
	m, err := empty.FromBytes(file)
	if err != nil {
		return nil, err
	}
	if _, err := m.Sign(tufSigner{signer}); err != nil {
		return nil, err
	}
	return m.ToBytes(false)
}

// A tufSigner is a crypto.Signer as go-tuf asks for one.
type tufSigner struct{ key crypto.Signer }

func (s tufSigner) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return s.key.Public(), nil
}

func (s tufSigner) SignMessage(message io.Reader, _ ...signature.SignOption) ([]byte, error) {
	data, err := io.ReadAll(message)
	if err != nil {
		return nil, err
	}
	return s.key.Sign(nil, data, crypto.Hash(0))
}
