// Verifies what a ledger serves with the code of Go's own checksum database.
//
// It reads a JSON array of claims from standard input and writes an array of verdicts: "" where
// a claim holds, else why it does not.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

// A claim is one thing to verify, always against a note that the key has signed.
type claim struct {
	Kind   string   // checkpoint, inclusion, consistency or tiles
	Vkey   string   // the pinned key
	Note   string   // a signed checkpoint
	Older  string   // consistency: the signed checkpoint of the smaller tree
	Index  int64    // inclusion: where the leaf stands
	Leaf   []byte   // inclusion
	Proof  [][]byte // inclusion and consistency
	Folder string   // tiles: a folder laid out as c2sp.org/tlog-tiles says
}

func main() {
	log.SetFlags(0)
	var claims []claim
	if err := json.NewDecoder(os.Stdin).Decode(&claims); err != nil {
		log.Fatal(err)
	}
	verdicts := make([]string, len(claims))
	for i, c := range claims {
		if err := c.verify(); err != nil {
			verdicts[i] = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		log.Fatal(err)
	}
}

func (c claim) verify() error {
	tree, err := open(c.Note, c.Vkey)
	if err != nil {
		return err
	}
	switch c.Kind {
	case "checkpoint":
		return nil
	case "inclusion":
		proof, err := hashes(c.Proof)
		if err != nil {
			return err
		}
		return tlog.CheckRecord(proof, tree.N, tree.Hash, c.Index, tlog.RecordHash(c.Leaf))
	case "consistency":
		older, err := open(c.Older, c.Vkey)
		if err != nil {
			return err
		}
		proof, err := hashes(c.Proof)
		if err != nil {
			return err
		}
		return tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash)
	case "tiles":
		return checkTiles(tree, c.Folder)
	}
	return fmt.Errorf("kind %q: unknown", c.Kind)
}

// open verifies a note and reads the tree that it tells of, as c2sp.org/tlog-checkpoint says.
func open(text, vkey string) (tree tlog.Tree, err error) {
	key, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(key))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != key.Name() || lines[3] != "" {
		return tree, fmt.Errorf("note: not a checkpoint of %s", key.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func hashes(raw [][]byte) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(raw))
	for i, one := range raw {
		if len(one) != tlog.HashSize {
			return nil, fmt.Errorf("proof: hash of %d bytes", len(one))
		}
		copy(found[i][:], one)
	}
	return found, nil
}

// checkTiles reads every entry and every hash of a tree, and leads them to its root.
func checkTiles(tree tlog.Tree, folder string) error {
	indexes := make([]int64, tree.N)
	for n := range indexes {
		indexes[n] = tlog.StoredHashIndex(0, int64(n))
	}
	reader := tlog.TileHashReader(tree, tiles(folder))
	stored, err := reader.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for start := int64(0); start < tree.N; start += width {
		end := start + width
		if end > tree.N {
			end = tree.N
		}
		if err := checkBundle(folder, stored[start:end], start/width); err != nil {
			return err
		}
	}
	return nil
}

// checkBundle compares the entries of one bundle with the hashes that the tree has for them.
func checkBundle(folder string, want []tlog.Hash, n int64) error {
	tile := tlog.Tile{H: height, L: 0, N: n, W: len(want)}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		return err
	}
	for i, hash := range want {
		if len(data) < 2 {
			return fmt.Errorf("%s: ends before entry %d", path, i)
		}
		size := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+size {
			return fmt.Errorf("%s: ends within entry %d", path, i)
		}
		if tlog.RecordHash(data[2:2+size]) != hash {
			return fmt.Errorf("%s: entry %d is another one than the tree has", path, i)
		}
		data = data[2+size:]
	}
	if len(data) != 0 {
		return fmt.Errorf("%s: %d bytes too many", path, len(data))
	}
	return nil
}

// tiles is a folder of tiles; C2SP leaves out the height that Go's paths begin with.
type tiles string

func (folder tiles) Height() int { return height }

func (folder tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(wanted))
	for i, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(folder), path))
		if err != nil {
			return nil, err
		}
		found[i] = data
	}
	return found, nil
}

func (folder tiles) SaveTiles([]tlog.Tile, [][]byte) {}
