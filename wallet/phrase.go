package wallet

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tyler-smith/go-bip39"
)

// A phrase is the secret all keys come from: 12 or 24 English words of BIP-39. It does
// not print itself.
type phrase struct{ words func() string }

// Format keeps the words out of every verb of package fmt.
func (phrase) Format(f fmt.State, _ rune) { io.WriteString(f, "wallet.phrase") }

// ErrPhrase means words that are no phrase. Which word is wrong is not said: the words are
// a secret, and errors end up in logs.
var ErrPhrase = errors.New("wallet: not a phrase of 12 or 24 words: a word is misspelt, or missing, or two are swapped")

// NewPhrase makes a phrase of 12 or 24 words from random.
func NewPhrase(words int, random io.Reader) (string, error) {
	if words != 12 && words != 24 {
		return "", fmt.Errorf("wallet: a phrase has 12 or 24 words, not %d", words)
	}
	entropy := make([]byte, words/3*4)
	if _, err := io.ReadFull(random, entropy); err != nil {
		return "", fmt.Errorf("wallet: no random numbers: %w", err)
	}
	return bip39.NewMnemonic(entropy)
}

// parsePhrase reads words as a person types them: any case, any white space.
func parsePhrase(text string) (phrase, error) {
	list := strings.Fields(strings.ToLower(text))
	words := strings.Join(list, " ")
	if len(list) != 12 && len(list) != 24 {
		return phrase{}, ErrPhrase
	}
	if _, err := bip39.EntropyFromMnemonic(words); err != nil { // the checksum is checked here
		return phrase{}, ErrPhrase
	}
	return phrase{func() string { return words }}, nil
}

// seed is the BIP-39 seed, without a passphrase of its own.
func (p phrase) seed() []byte { return bip39.NewSeed(p.words(), "") }
