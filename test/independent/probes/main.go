// Probes of inclusion and consistency proofs, honest and spoilt, each with what github.com/transparency-dev/merkle says of
// it: one JSON object a line.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
)

const leaves = 20

type probe struct {
	Kind    string   `json:"kind"`
	What    string   `json:"what"`
	Index   uint64   `json:"index"` // the older size, for consistency
	Size    uint64   `json:"size"`
	Leaf    []byte   `json:"leaf"` // the older root, for consistency
	Root    []byte   `json:"root"`
	Proof   [][]byte `json:"proof"`
	Accepts bool     `json:"accepts"`
}

var out = json.NewEncoder(os.Stdout)

func judge(p probe) {
	var err error
	if p.Kind == "inclusion" {
		err = proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, p.Size, p.Leaf, p.Proof, p.Root)
	} else {
		err = proof.VerifyConsistency(rfc6962.DefaultHasher, p.Index, p.Size, p.Proof, p.Leaf, p.Root)
	}
	p.Accepts = err == nil
	check(out.Encode(p))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func flipped(hash []byte, bit int) []byte {
	other := append([]byte{}, hash...)
	other[bit/8] ^= 1 << (bit % 8)
	return other
}

func joined(parts ...[][]byte) [][]byte {
	all := [][]byte{}
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// The honest probe, and each way to spoil one.
func probes(p probe) {
	judge(p)
	spoil := func(what string, change func(*probe)) {
		other := p
		other.What = what
		change(&other)
		judge(other)
	}
	empty := rfc6962.DefaultHasher.EmptyRoot()
	for _, change := range []struct {
		what string
		to   uint64
	}{{"- 1", p.Index - 1}, {"+ 1", p.Index + 1}, {"^ 2", p.Index ^ 2}, {"far", p.Index + 1<<40}} {
		spoil("index "+change.what, func(o *probe) { o.Index = change.to })
	}
	for _, change := range []struct {
		what string
		to   uint64
	}{{"* 2", p.Size * 2}, {"/ 2", p.Size / 2}, {"+ 1", p.Size + 1}, {"0", 0}} {
		spoil("size "+change.what, func(o *probe) { o.Size = change.to })
	}
	spoil("another leaf", func(o *probe) { o.Leaf = flipped(p.Leaf, 4) })
	spoil("another root", func(o *probe) { o.Root = flipped(p.Root, 4) })
	spoil("empty root", func(o *probe) { o.Root = empty })
	spoil("leaf and root swapped", func(o *probe) { o.Leaf, o.Root = p.Root, p.Leaf })
	for name, extra := range map[string][]byte{"root": p.Root, "leaf": p.Leaf, "nothing": {}, "garbage": empty} {
		spoil(name+" before", func(o *probe) { o.Proof = joined([][]byte{extra}, p.Proof) })
		spoil(name+" behind", func(o *probe) { o.Proof = joined(p.Proof, [][]byte{extra}) })
	}
	spoil("no proof", func(o *probe) { o.Proof = [][]byte{} })
	for at, hash := range p.Proof {
		before, behind := p.Proof[:at], p.Proof[at+1:]
		for _, bit := range []int{3, 250} {
			spoil(fmt.Sprintf("bit %d of %d", bit, at), func(o *probe) {
				o.Proof = joined(before, [][]byte{flipped(hash, bit)}, behind)
			})
		}
		spoil(fmt.Sprintf("without %d", at), func(o *probe) { o.Proof = joined(before, behind) })
		spoil(fmt.Sprintf("twice %d", at), func(o *probe) { o.Proof = joined(before, [][]byte{hash, hash}, behind) })
	}
}

func main() {
	tree := testonly.New(rfc6962.DefaultHasher)
	for i := 0; i < leaves; i++ {
		tree.AppendData([]byte(fmt.Sprintf("leaf %d", i)))
	}
	for size := uint64(1); size <= leaves; size++ {
		for index := uint64(0); index < size; index++ {
			path, err := tree.InclusionProof(index, size)
			check(err)
			probes(probe{"inclusion", "honest", index, size, tree.LeafHash(index), tree.HashAt(size), path, false})
		}
		for older := uint64(1); older <= size; older++ {
			path, err := tree.ConsistencyProof(older, size)
			check(err)
			probes(probe{"consistency", "honest", older, size, tree.HashAt(older), tree.HashAt(size), path, false})
		}
	}
}
