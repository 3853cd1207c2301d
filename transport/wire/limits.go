package wire

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// shape names the fields of a message that hold messages or lists: those that
// cost much more memory decoded than the two bytes they can take on the wire.
// A nil shape may not occur at all.
type shape map[protowire.Number]shape

// The messages inside each message.
var (
	leaf        = shape{}
	vectorShape = shape{1: leaf}
	headShape   = shape{
		9: vectorShape, 16: leaf, 14: leaf,
		1102: vectorShape, 1104: vectorShape, 1105: nil, // no heads of heads
	}
	fileShape = shape{
		9: vectorShape, 16: leaf, 14: leaf,
		1102: vectorShape, 1104: vectorShape, 1105: headShape,
	}
	recordShape   = shape{3: vectorShape}
	clusterShape  = shape{1: shape{16: shape{3: leaf}}}
	requestShape  = shape{2: leaf}
	nothingInside = shape{}
)

// check walks a message and counts its inner messages against left, before any
// of them is decoded.
func (s shape) check(b []byte, left *int) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(n))
		}
		b = b[n:]
		n = protowire.ConsumeFieldValue(number, kind, b)
		if n < 0 {
			return fmt.Errorf("%w: field %d: %w", ErrMalformed, number, protowire.ParseError(n))
		}
		inner, ok := s[number]
		if ok && kind == protowire.BytesType {
			if *left--; *left < 0 || inner == nil {
				return fmt.Errorf("%w: too many messages in field %d", ErrTooLarge, number)
			}
			v, _ := protowire.ConsumeBytes(b)
			if len(inner) > 0 {
				if err := inner.check(v, left); err != nil {
					return err
				}
			}
		}
		b = b[n:]
	}
	return nil
}

// unmarshal decodes b into m when it has at most limit messages inside.
func (s shape) unmarshal(b []byte, m proto.Message, limit int) error {
	if err := s.check(b, &limit); err != nil {
		return err
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: 8}).Unmarshal(b, m); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}
