package wire

import (
	"fmt"
	"unicode/utf8"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/transport/wire/wirepb"
)

const (
	// MaxRecord bounds the payload of a record in bytes.
	MaxRecord = 1 << 20
	// maxRecordKey bounds a record's kind and key together, in bytes.
	maxRecordKey = 8 << 10
	// maxRecords bounds the records and counters in one message.
	maxRecords = 1 << 16
)

// AppendRecords appends the payload of a Records message.
func AppendRecords(b []byte, r Records) []byte {
	m := &wirepb.Records{Folder: []byte(r.Folder)}
	for i := range r.Records {
		m.Records = append(m.Records, wireRecord(&r.Records[i]))
	}
	return appendMessage(b, m)
}

func wireRecord(r *index.Record) *wirepb.Record {
	return &wirepb.Record{
		Kind: []byte(r.Kind), Key: []byte(r.Key), Version: wireVector(r.Version),
		Sequence: r.Sequence, Payload: r.Payload,
	}
}

// SplitRecords cuts records into runs of about limit bytes on the wire.
func SplitRecords(records []index.Record, limit int) [][]index.Record {
	var runs [][]index.Record
	start, size := 0, 0
	for i := range records {
		r := &records[i]
		n := len(r.Kind) + len(r.Key) + len(r.Payload) + 20*len(r.Version) + 16
		if i > start && size+n > limit {
			runs = append(runs, records[start:i])
			start, size = i, 0
		}
		size += n
	}
	if start < len(records) {
		runs = append(runs, records[start:])
	}
	return runs
}

// ParseRecords reads the payload of a Records message. now, in unix seconds,
// bounds the counters of versions. Bad records are rejected by kind and key;
// sequences that do not ascend are an error.
func ParseRecords(p []byte, now int64) (Records, []Rejected, error) {
	var m wirepb.Records
	shaped := shape{2: recordShape}
	if err := shaped.unmarshal(p, &m, maxRecords); err != nil {
		return Records{}, nil, fmt.Errorf("records: %w", err)
	}
	id, err := folderID(m.Folder)
	if err != nil {
		return Records{}, nil, fmt.Errorf("records: %w", err)
	}
	out := Records{Folder: id}
	var rejected []Rejected
	last := int64(0)
	for _, r := range m.Records {
		if r.Sequence <= last {
			return out, nil, fmt.Errorf("%w: records of %.80q: sequence %d after %d", ErrMalformed, id, r.Sequence, last)
		}
		last = r.Sequence
		record, reason := parseRecord(r, now)
		if reason != "" {
			name := text(r.Kind) + "/" + text(r.Key)
			rejected = append(rejected, Rejected{Name: name, Sequence: r.Sequence, Reason: reason})
			continue
		}
		out.Records = append(out.Records, record)
	}
	return out, rejected, nil
}

func parseRecord(m *wirepb.Record, now int64) (index.Record, string) {
	switch {
	case len(m.Kind) == 0 || len(m.Kind)+len(m.Key) > maxRecordKey || !utf8.Valid(m.Kind) || !utf8.Valid(m.Key):
		return index.Record{}, "its kind or key is not a text of a fitting length"
	case len(m.Payload) > MaxRecord:
		return index.Record{}, fmt.Sprintf("its payload has %d bytes", len(m.Payload))
	}
	v, err := parseVector(m.Version, now)
	if err != nil {
		return index.Record{}, err.Error()
	}
	return index.Record{
		Kind: string(m.Kind), Key: string(m.Key), Version: v, Sequence: m.Sequence, Payload: m.Payload,
	}, ""
}
