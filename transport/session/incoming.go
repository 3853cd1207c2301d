package session

import (
	"errors"
	"fmt"
	"sync"

	"github.com/labsync/labsync/transport/wire"
)

// incoming is the sequence of control messages from the other side. Readers
// queue them, so that they never wait for a Handler; dispatch hands them out.
// The window, which the other side must respect, bounds the queue.
type incoming struct {
	wake chan struct{} // one token: the queue has grown

	mu     sync.Mutex // guards what follows
	number uint32     // of the last message queued
	done   uint32     // and of the last one handled
	queue  []message
	bytes  int

	// Used by dispatch only.
	configured bool
	last       map[string]int64 // per folder, the sequence covered so far
}

// message is a control message as it came.
type message struct {
	header  wire.Header
	payload []byte
}

func newIncoming() *incoming {
	return &incoming{wake: make(chan struct{}, 1), last: make(map[string]int64)}
}

// add queues a message. One that was queued before is dropped and done, the
// number to acknowledge again, returned with repeated.
func (in *incoming) add(m message) (done uint32, repeated bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch n := m.header.Number; {
	case n <= in.number:
		return in.done, true, nil
	case n != in.number+1:
		return 0, false, protocolError(fmt.Errorf("message %d follows %d", n, in.number))
	}
	if size := in.bytes + wire.HeaderSize + m.header.Length; size > window && in.bytes > 0 {
		return 0, false, protocolError(fmt.Errorf("%d bytes of messages before their acknowledgement", size))
	}
	in.number++
	in.bytes += wire.HeaderSize + m.header.Length
	in.queue = append(in.queue, m)
	select {
	case in.wake <- struct{}{}:
	default:
	}
	return 0, false, nil
}

// next takes a message out of the queue.
func (in *incoming) next() (m message, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.queue) == 0 {
		return m, false
	}
	m, in.queue[0] = in.queue[0], message{}
	in.queue = in.queue[1:]
	return m, true
}

// handled notes that m is done with.
func (in *incoming) handled(m message) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.done = m.header.Number
	in.bytes -= wire.HeaderSize + m.header.Length
}

// handledUpTo is the number of the last message that is done with.
func (in *incoming) handledUpTo() uint32 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.done
}

// dispatch hands control messages to the Handler, one after the other.
func (s *Session) dispatch() {
	for {
		m, ok := s.incoming.next()
		if !ok {
			select {
			case <-s.incoming.wake:
			case <-s.ctx.Done():
				return
			}
			continue
		}
		if s.ctx.Err() != nil {
			return
		}
		if err := s.handle(m); err != nil {
			s.end(err)
			return
		}
		s.incoming.handled(m)
		s.acknowledge(m.header.Number)
	}
}

// acknowledge says on the best link that messages up to n are done with.
func (s *Session) acknowledge(n uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.links) > 0 {
		s.links[0].control.putAck(n)
	}
}

func (s *Session) handle(m message) error {
	payload := m.payload
	if m.header.Compressed {
		var err error
		if payload, err = s.zstd.Unpack(nil, payload, wire.MaxPayload); err != nil {
			return protocolError(err)
		}
	}
	if m.header.Type != wire.TypeClusterConfig && !s.incoming.configured {
		return protocolError(fmt.Errorf("message of type %d before the cluster configuration", m.header.Type))
	}
	var err error
	switch m.header.Type {
	case wire.TypeClusterConfig:
		err = s.handleCluster(payload)
	case wire.TypeIndex, wire.TypeIndexUpdate:
		err = s.handleIndex(payload, m.header.Type == wire.TypeIndex)
	case wire.TypeRecords:
		err = s.handleRecords(payload)
	default:
		s.opt.Log.Debug("skipped message of unknown type", "device", s.peer.Short(), "type", m.header.Type)
	}
	if err != nil && !errors.Is(err, ErrProtocol) && s.ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", errHandler, err)
	}
	return err
}

// errHandler marks what a Handler returned.
var errHandler = errors.New("handler failed")

func (s *Session) handleCluster(payload []byte) error {
	c, err := wire.ParseClusterConfig(payload)
	if err != nil {
		return protocolError(err)
	}
	s.incoming.configured = true
	return s.handler.ClusterConfig(s.ctx, c)
}

// handleIndex takes an announcement that goes on where the one before ended,
// unless it begins anew.
func (s *Session) handleIndex(payload []byte, anew bool) error {
	in, err := wire.ParseIndex(payload, s.opt.Now().Unix())
	if err != nil {
		return protocolError(err)
	}
	last, known := s.incoming.last[in.Folder]
	if !anew && (!known || in.Previous != last) {
		return protocolError(fmt.Errorf("index of %.80q goes on from sequence %d instead of %d", in.Folder, in.Previous, last))
	}
	if !known && len(s.incoming.last) >= maxFolders {
		return protocolError(errors.New("too many folders"))
	}
	s.incoming.last[in.Folder] = in.Last
	return s.handler.Index(s.ctx, in.Folder, in.Updates, in.Last, in.Rejected)
}

// maxFolders bounds the folders that one device can announce entries of.
const maxFolders = 1 << 14

func (s *Session) handleRecords(payload []byte) error {
	r, rejected, err := wire.ParseRecords(payload, s.opt.Now().Unix())
	if err != nil {
		return protocolError(err)
	}
	for i, x := range rejected {
		if i == 8 {
			s.opt.Log.Warn("more records rejected", "device", s.peer.Short(), "count", len(rejected)-i)
			break
		}
		s.opt.Log.Warn("record rejected", "device", s.peer.Short(), "folder", r.Folder, "record", x.Name, "reason", x.Reason)
	}
	return s.handler.Records(s.ctx, r.Folder, r.Records)
}
