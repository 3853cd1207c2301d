// Package wirepb holds the protobuf messages that package wire converts from
// and to. Nothing else imports it.
package wirepb

//go:generate go build -modfile=../../../tools/go.mod -o .protoc-gen-go google.golang.org/protobuf/cmd/protoc-gen-go
//go:generate protoc --plugin=protoc-gen-go=.protoc-gen-go --go_out=. --go_opt=paths=source_relative wire.proto
//go:generate rm .protoc-gen-go
