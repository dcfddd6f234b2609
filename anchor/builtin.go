package anchor

import (
	_ "embed"
	"sync"
)

//go:embed checkpoints/mainnet.bin
var mainnetCheckpoints []byte

var builtinMainnet = sync.OnceValue(func() *CheckpointPack {
	p, err := ParseCheckpointPack(Mainnet, mainnetCheckpoints)
	if err != nil {
		panic(err) // the file is part of the program, and tested
	}
	return p
})

// BuiltinCheckpoints returns the checkpoints that come with this package: for mainnet the
// 436 periods up to height 878,975 on which two independent published sources agree; nil
// for other networks. Anybody can compute them again from a node. See checkpoints/README.md.
func BuiltinCheckpoints(net Network) *CheckpointPack {
	if net != Mainnet {
		return nil
	}
	return builtinMainnet()
}
