package wire

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/labsync/labsync/index"
)

var update = flag.Bool("update", false, "write the test vectors into docs/protocol.md")

// vector is a message in the document: its bytes, and what they mean.
type vector struct {
	encode func(t *testing.T) []byte
	decode func(b []byte) (any, error)
	want   any
}

func one(in Index) func(t *testing.T) []byte {
	return func(t *testing.T) []byte {
		var out []byte
		if _, err := EachIndex(in, 1<<20, func(p []byte) error { out = bytes.Clone(p); return nil }); err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func indexOf(e index.Entry) Index {
	return Index{Folder: "f", Previous: 6, Last: 7, Updates: []index.Update{{Sequence: 7, Heads: []index.Entry{e}}}}
}

func decodeIndex(b []byte) (any, error) { return ParseIndex(b, testNow) }

func vectors() map[string]vector {
	hello := Hello{DeviceName: "bench", ClientName: "labsync", ClientVersion: "v1.0.0", Instance: 0x1122334455667788}
	bepHello := hello
	bepHello.Instance = 0
	header := Header{Type: TypeIndexUpdate, Number: 7, Length: 300, Numbered: true}
	out := map[string]vector{
		"hello": {
			func(*testing.T) []byte { return AppendHello(nil, hello) },
			func(b []byte) (any, error) { return ParseHello(b) }, hello,
		},
		"bep-hello": {
			func(t *testing.T) []byte {
				var b bytes.Buffer
				if err := WriteBEPHello(&b, hello); err != nil {
					t.Fatal(err)
				}
				return b.Bytes()
			},
			func(b []byte) (any, error) { return ReadBEPHello(bytes.NewReader(b)) }, bepHello,
		},
		"header": {
			func(*testing.T) []byte { b := make([]byte, HeaderSize); header.Put(b); return b },
			func(b []byte) (any, error) { return ParseHeader((*[HeaderSize]byte)(b)) }, header,
		},
		"cluster-config": {
			func(*testing.T) []byte { return AppendClusterConfig(nil, sampleCluster()) },
			func(b []byte) (any, error) { return ParseClusterConfig(b) }, sampleCluster(),
		},
		"records": {
			func(*testing.T) []byte { return AppendRecords(nil, sampleRecords()) },
			func(b []byte) (any, error) { r, _, err := ParseRecords(b, testNow); return r, err }, sampleRecords(),
		},
		"blocks-request": {
			func(*testing.T) []byte { return AppendBlocksRequest(nil, sampleRequest()) },
			func(b []byte) (any, error) { r, _, err := ParseBlocksRequest(b); return r, err }, sampleRequest(),
		},
		"join": {
			func(*testing.T) []byte { return AppendJoin(nil, 0x0102030405060708) },
			func(b []byte) (any, error) { return ParseJoin(b) }, uint64(0x0102030405060708),
		},
		"close": {
			func(*testing.T) []byte { return AppendClose(nil, "folder was removed") },
			func(b []byte) (any, error) { return ParseClose(b) }, "folder was removed",
		},
	}
	pieces := []Piece{{Index: 0, Last: true, Size: 5}, {Index: 3, Code: CodeNoSuchFile, Last: true}}
	out["blocks-response"] = vector{
		func(*testing.T) []byte {
			b := make([]byte, PieceCountSize+len(pieces)*PieceSize)
			PutPieces(b, pieces)
			return append(b, "hello"...)
		},
		func(b []byte) (any, error) {
			n, err := ParsePieceCount((*[PieceCountSize]byte)(b), len(b))
			if err != nil {
				return nil, err
			}
			return ParsePieces(nil, b[PieceCountSize:PieceCountSize+n*PieceSize], len(b))
		}, pieces,
	}
	for name, in := range map[string]Index{
		"index-file": indexOf(small()), "index-content": indexOf(large()), "index-fixed": indexOf(fixed()),
		"index-empty-file": indexOf(emptyFile()), "index-directory": indexOf(directory()),
		"index-symlink": indexOf(link()), "index-tombstone": indexOf(tombstone()),
		"index-two-heads": {Folder: "f", Last: 42, Updates: []index.Update{conflict()}},
		"index-nothing":   {Folder: "f", Previous: 6, Last: 9},
	} {
		out[name] = vector{one(in), decodeIndex, in}
	}
	return out
}

var inDocument = regexp.MustCompile("(?s)```vector ([a-z-]+)\n(.*?)```")

// TestVectors holds the code against the document, both ways.
func TestVectors(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "protocol.md")
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	left := vectors()
	if *update {
		document = inDocument.ReplaceAllFunc(document, func(m []byte) []byte {
			name := string(inDocument.FindSubmatch(m)[1])
			return []byte("```vector " + name + "\n" + lines(left[name].encode(t)) + "```")
		})
		if err := os.WriteFile(path, document, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range inDocument.FindAllSubmatch(document, -1) {
		name := string(m[1])
		v, ok := left[name]
		if !ok {
			t.Errorf("the document has a vector %q that is not known or comes twice", name)
			continue
		}
		delete(left, name)
		b, err := hex.DecodeString(strings.Join(strings.Fields(string(m[2])), ""))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := v.encode(t); !bytes.Equal(got, b) {
			t.Errorf("%s is encoded as\n%s", name, lines(got))
		}
		if got, err := v.decode(b); err != nil || !reflect.DeepEqual(got, v.want) {
			t.Errorf("%s is decoded as\n%+v, %v, want\n%+v", name, got, err, v.want)
		}
	}
	for name := range left {
		t.Errorf("the document has no vector %q", name)
	}
}

func lines(b []byte) string {
	const width = 48
	var s strings.Builder
	for len(b) > width {
		s.WriteString(hex.EncodeToString(b[:width]) + "\n")
		b = b[width:]
	}
	return s.String() + hex.EncodeToString(b) + "\n"
}
