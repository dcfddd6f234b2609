package wallet

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

const (
	// sealWork is log2 of the work of a passphrase: about a second and 128 MiB.
	sealWork = 17
	// maxWork is the most work a file may ask of its reader, 256 MiB.
	maxWork = 18
	// maxVault bounds a vault file in bytes: some thousand credentials with their
	// evidence. It is held in memory.
	maxVault = 256 << 20
	// padding hides small changes of size.
	padding = 4 << 10
	// minPassphrase is in characters. Whoever holds the file can try passphrases for
	// ever, each at the cost above.
	minPassphrase = 8
)

// An OpenError means that a sealed file did not open: the passphrase is wrong, or the
// file is not as it was written. Nobody can tell which, and both take equally long.
type OpenError struct {
	File string
	// Previous is the file with the version before, if there is one.
	Previous string
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("wallet: %s does not open: wrong passphrase, or the file is damaged", e.File)
}

// ErrWeakPassphrase means a passphrase shorter than eight characters.
var ErrWeakPassphrase = fmt.Errorf("wallet: a passphrase needs at least %d characters", minPassphrase)

func checkPassphrase(p string) error {
	if len([]rune(p)) < minPassphrase {
		return ErrWeakPassphrase
	}
	return nil
}

// seal encrypts plain under a passphrase, as a file of the age format that other age
// programs open too.
func seal(plain []byte, passphrase string, work int) ([]byte, error) {
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	r.SetWorkFactor(work)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, r)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	return out.Bytes(), err
}

// errSealed is what open says of every file that does not open.
var errSealed = errors.New("does not open")

// open decrypts what seal made. A file whose header cannot even be read costs the work
// of a passphrase all the same, so that time does not tell damage from a wrong one.
func open(sealed []byte, passphrase string, work int) ([]byte, error) {
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, errSealed
	}
	id.SetMaxWorkFactor(maxWork)
	tried := &triedIdentity{inner: id}
	r, err := age.Decrypt(bytes.NewReader(sealed), tried)
	if err != nil {
		if !tried.tried {
			_, _ = seal(nil, passphrase, work)
		}
		return nil, errSealed
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxVault+1))
	if err != nil || len(plain) > maxVault {
		return nil, errSealed
	}
	return plain, nil
}

// A triedIdentity remembers whether the passphrase was put to work.
type triedIdentity struct {
	inner *age.ScryptIdentity
	tried bool
}

// Unwrap implements age.Identity. A stanza that the scrypt identity turns down before
// its work, for its form or for asking too much, was not tried.
func (t *triedIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	key, err := t.inner.Unwrap(stanzas)
	t.tried = len(stanzas) == 1 && stanzas[0].Type == "scrypt" && (err == nil || errors.Is(err, age.ErrIncorrectIdentity))
	return key, err
}

// pad adds spaces, which JSON does not mind, up to a multiple of padding.
func pad(plain []byte) []byte {
	if rest := len(plain) % padding; rest > 0 {
		plain = append(plain, bytes.Repeat([]byte(" "), padding-rest)...)
	}
	return plain
}
