package wire

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/labsync/labsync/transport/wire/wirepb"
)

const (
	// maxUpdates bounds the updates in one message, so that a message of
	// nothing but empty ones does not cost a thousand times its size.
	maxUpdates = 1 << 14
	// maxInside bounds the counters, blocks and heads of one update. BEP's
	// block lists are messages, labsync's are not.
	maxInside = 1 << 18
)

// The fields of an Index on the wire.
const (
	fieldFolder   = 1
	fieldFiles    = 2
	fieldLast     = 3
	fieldPrevious = 4
)

// EachIndex encodes an announcement as the payloads of one or several Index
// messages, each of about limit bytes, and hands them to emit, which must not
// keep them. An update that is too large for any message is left out and its
// name returned.
func EachIndex(in Index, limit int, emit func(payload []byte) error) (tooLarge []string, err error) {
	var payload, one []byte
	previous, last, count := in.Previous, in.Previous, 0
	flush := func(upTo int64) error {
		b := protowire.AppendTag(payload, fieldLast, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(upTo))
		b = protowire.AppendTag(b, fieldPrevious, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(previous))
		b = protowire.AppendTag(b, fieldFolder, protowire.BytesType)
		b = protowire.AppendString(b, in.Folder)
		payload, previous, count = b[:0], upTo, 0
		return emit(b)
	}
	for i := range in.Updates {
		u := &in.Updates[i]
		one = appendMessage(one[:0], wireUpdate(u))
		if len(one) > MaxPayload-1024 {
			tooLarge = append(tooLarge, u.Heads[0].Name)
			continue
		}
		if count > 0 && (len(payload)+len(one) > limit || count == maxUpdates) {
			if err := flush(last); err != nil {
				return tooLarge, err
			}
		}
		payload = protowire.AppendTag(payload, fieldFiles, protowire.BytesType)
		payload = protowire.AppendBytes(payload, one)
		count++
		last = u.Sequence
	}
	return tooLarge, flush(in.Covers())
}

// ParseIndex reads the payload of an Index or IndexUpdate from a labsync peer.
// now, in unix seconds, bounds the counters of versions. Sequences that do not
// ascend from Previous to Last are an error: the delta exchange rests on them.
func ParseIndex(p []byte, now int64) (Index, error) {
	in, first, highest, err := rules{now: now}.index(p)
	if err == nil && (in.Previous < 0 || in.Last < in.Previous || first <= in.Previous && highest > 0 || highest > in.Last) {
		err = fmt.Errorf("%w: index of %.80q: sequences %d to %d do not lie between %d and %d",
			ErrMalformed, in.Folder, first, highest, in.Previous, in.Last)
	}
	return in, err
}

// ParseBEPIndex is ParseIndex for a Syncthing: names come in any Unicode form,
// and before version 1.27 Last and Previous were not sent; Last is then the
// highest sequence seen.
func ParseBEPIndex(p []byte, now int64) (Index, error) {
	in, _, highest, err := rules{now: now, bep: true}.index(p)
	in.Last = max(in.Last, highest)
	return in, err
}

// index decodes updates one by one, so that no more than one exists in its
// protobuf form at a time. It returns the first and the highest sequence too,
// zero if there is none.
func (r rules) index(p []byte) (in Index, first, highest int64, err error) {
	count := 0
	err = eachField(p, func(number protowire.Number, v uint64, b []byte) error {
		switch number {
		case fieldFolder:
			var err error
			in.Folder, err = folderID(b)
			return err
		case fieldLast:
			in.Last = int64(v)
		case fieldPrevious:
			in.Previous = int64(v)
		case fieldFiles:
			if count++; count > maxUpdates {
				return fmt.Errorf("%w: over %d updates", ErrTooLarge, maxUpdates)
			}
			sequence, err := r.file(&in, b)
			if err != nil {
				return err
			}
			if !r.bep && sequence <= highest {
				return fmt.Errorf("%w: sequence %d after %d", ErrMalformed, sequence, highest)
			}
			if count == 1 {
				first = sequence
			}
			highest = max(highest, sequence)
		}
		return nil
	})
	if err == nil && in.Folder == "" {
		err = fmt.Errorf("%w: no folder", ErrMalformed)
	}
	if err != nil {
		err = fmt.Errorf("index: %w", err)
	}
	return in, first, highest, err
}

// eachField calls f with every varint and every length-delimited field of a
// message.
func eachField(p []byte, f func(number protowire.Number, v uint64, b []byte) error) error {
	for len(p) > 0 {
		number, kind, n := protowire.ConsumeTag(p)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(n))
		}
		p = p[n:]
		if n = protowire.ConsumeFieldValue(number, kind, p); n < 0 {
			return fmt.Errorf("%w: field %d: %w", ErrMalformed, number, protowire.ParseError(n))
		}
		var err error
		switch kind {
		case protowire.VarintType:
			v, _ := protowire.ConsumeVarint(p)
			err = f(number, v, nil)
		case protowire.BytesType:
			b, _ := protowire.ConsumeBytes(p)
			err = f(number, 0, b)
		}
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// file decodes one update into in.
func (r rules) file(in *Index, p []byte) (sequence int64, err error) {
	var m wirepb.FileInfo
	if err := fileShape.unmarshal(p, &m, maxInside); err != nil {
		return 0, fmt.Errorf("entry: %w", err)
	}
	if m.Sequence <= 0 {
		return 0, fmt.Errorf("%w: entry %.80q has sequence %d", ErrMalformed, m.Name, m.Sequence)
	}
	u, reason := r.update(&m)
	if reason != "" {
		in.Rejected = append(in.Rejected, Rejected{Name: string(m.Name), Sequence: m.Sequence, Reason: reason})
	} else {
		in.Updates = append(in.Updates, u)
	}
	return m.Sequence, nil
}
