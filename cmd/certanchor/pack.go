package main

import (
	"context"

	"github.com/certanchor/certanchor/anchor"
)

// pack makes a checkpoint of the last block of every whole period of a store, with the
// difficulty of the period that follows. With a second source, only what both say is
// kept: one node can be fooled, or lie.
func (j *headersJob) pack(context.Context) error {
	store, err := j.read(j.in)
	if err != nil {
		return err
	}
	own := store.Checkpoints(anchor.Height(j.until))
	list := own.List()
	if len(list) == 0 {
		return misuse("certanchor headers sync brings more headers", "a pack needs a whole period of 2,016 headers and one more; these are fewer")
	}
	if j.second != "" {
		if list, err = j.agreed(list); err != nil {
			return err
		}
	} else {
		j.say("This is the word of one source; --second FILE compares it with a store or pack from another.")
	}
	pack, err := anchor.NewCheckpointPack(j.network, list)
	if err != nil {
		return err
	}
	j.tellBuiltin(pack)
	data, err := pack.MarshalJSON()
	if j.binary {
		data, err = pack.MarshalBinary()
	} else {
		data = append(data, '\n')
	}
	if err != nil {
		return misuse("leave --binary out: only JSON can leave a period out", "%v", err)
	}
	return j.write(data, "checkpoints")
}

// agreed returns the checkpoints of list that the second source has too, word for word.
func (j *headersJob) agreed(list []anchor.Checkpoint) ([]anchor.Checkpoint, error) {
	raw, err := readFile(j.second, maxHeaderFile)
	if err != nil {
		return nil, err
	}
	var other *anchor.CheckpointPack
	if _, isStore := networkOfHeaders(raw); isStore {
		store, err := j.check(raw)
		if err != nil {
			return nil, err
		}
		other = store.Checkpoints(anchor.Height(j.until))
	} else if other, err = anchor.ParseCheckpointPack(j.network, raw); err != nil {
		return nil, misuse("give a header store or a checkpoint pack of the same network", "%s: %v", j.second, err)
	}
	said := make(map[anchor.Height]anchor.Checkpoint)
	for _, c := range other.List() {
		said[c.Height] = c
	}
	var both []anchor.Checkpoint
	differ := 0
	for _, c := range list {
		switch d, ok := said[c.Height]; {
		case ok && d == c:
			both = append(both, c)
		case ok:
			differ++
		}
	}
	j.say("%d checkpoints here, %d there: both say the same of %d, and differ about %d, which were left out.", len(list), len(said), len(both), differ)
	if len(both) == 0 {
		return nil, misuse("one of the two is wrong, or they do not overlap", "the two sources agree on nothing")
	}
	return both, nil
}

// tellBuiltin compares the pack with the one that is built in.
func (j *headersJob) tellBuiltin(pack *anchor.CheckpointPack) {
	builtin := anchor.BuiltinCheckpoints(j.network)
	if builtin == nil {
		return
	}
	if pack.Digest() == builtin.Digest() {
		j.say("These are the built-in checkpoints, entry for entry.")
		return
	}
	same, known := 0, map[anchor.Checkpoint]bool{}
	for _, c := range builtin.List() {
		known[c] = true
	}
	for _, c := range pack.List() {
		if known[c] {
			same++
		}
	}
	j.say("%d of the %d built-in checkpoints are in this pack.", same, len(builtin.List()))
}
