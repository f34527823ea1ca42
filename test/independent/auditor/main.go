// An auditor of a C2SP tlog-tiles log over golang.org/x/mod, which none of the ledger's own code is in.
//
//	auditor URL/ VKEY KEPT-CHECKPOINT
//
// Checks the published checkpoint against the kept one, then hashes every entry against its leaf. Ends with 0 and one
// line, or with another code and the reason.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const bundleEntries = 256

func main() {
	if len(os.Args) != 4 {
		fail("usage: auditor URL/ VKEY KEPT-CHECKPOINT")
	}
	log := reader{base: os.Args[1], tiles: map[tlog.Tile][]byte{}}
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	kept, err := os.ReadFile(os.Args[3])
	check(err)
	old, current := open(kept, verifier), open(log.get("checkpoint"), verifier)
	hashes := tlog.TileHashReader(current, log)
	compare(old, current, hashes)
	entries(log, current, hashes)
	fmt.Println("ok", old.N, "->", current.N)
}

// compare requires that the current tree extends the old one.
func compare(old, current tlog.Tree, hashes tlog.HashReader) {
	if current.N < old.N {
		fail(fmt.Sprintf("ROLLBACK %d < %d", current.N, old.N))
	}
	if old.N == 0 {
		return
	}
	root, err := tlog.TreeHash(old.N, hashes)
	check(err)
	if root != old.Hash {
		fail("FORK: the kept checkpoint is no prefix")
	}
	proof, err := tlog.ProveTree(current.N, old.N, hashes)
	check(err)
	check(tlog.CheckTree(proof, current.N, current.Hash, old.N, old.Hash))
}

// entries requires that every entry hashes to its leaf.
func entries(log reader, current tlog.Tree, hashes tlog.HashReader) {
	for first := int64(0); first < current.N; first += bundleEntries {
		width := min(current.N-first, bundleEntries)
		bundle := log.get(path(tlog.Tile{H: 8, L: -1, N: first / bundleEntries, W: int(width)}))
		var indexes []int64
		for at := range width {
			indexes = append(indexes, tlog.StoredHashIndex(0, first+at))
		}
		leaves, err := hashes.ReadHashes(indexes)
		check(err)
		for at := range width {
			length := int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:2+length]) != leaves[at] {
				fail(fmt.Sprint("TAMPERED ", first+at))
			}
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 {
			fail("bytes behind the last entry")
		}
	}
}

func open(checkpoint []byte, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(checkpoint, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		fail("another origin")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: root}
}

// reader reads tiles over HTTP; tlog checks them against the root before it uses them.
type reader struct {
	base  string
	tiles map[tlog.Tile][]byte
}

func (reader) Height() int                     { return 8 }
func (reader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for at, tile := range tiles {
		if _, ok := r.tiles[tile]; !ok {
			r.tiles[tile] = r.get(path(tile))
		}
		found[at] = r.tiles[tile]
	}
	return found, nil
}

func (r reader) get(name string) []byte {
	answer, err := http.Get(r.base + name)
	check(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		fail(fmt.Sprint("GET ", name, " ", answer.StatusCode))
	}
	bytes, err := io.ReadAll(answer.Body)
	check(err)
	return bytes
}

// path maps x/mod's names to those of C2SP tlog-tiles: no height, and `entries` for `data`.
func path(tile tlog.Tile) string {
	name := strings.TrimPrefix(tile.Path(), "tile/8/")
	if strings.HasPrefix(name, "data/") {
		name = "entries/" + strings.TrimPrefix(name, "data/")
	}
	return "tile/" + name
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}
