package writelog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// Numbers of the NBD protocol, fixed newstyle negotiation.
const (
	nbdMagic       = 0x4e42444d41474943
	nbdOption      = 0x49484156454f5054
	nbdReplyMagic  = 0x3e889045565a9
	requestMagic   = 0x25609513
	answerMagic    = 0x67446698
	fixedNewstyle  = 1
	noZeroes       = 2
	optExportName  = 1
	optAbort       = 2
	optInfo        = 6
	optGo          = 7
	replyAck       = 1
	replyInfo      = 3
	replyUnknown   = 1<<31 | 1
	infoExport     = 0
	hasFlags       = 1
	sendsFlush     = 4
	sendsFUA       = 8
	cmdRead        = 0
	cmdWrite       = 1
	cmdDisconnect  = 2
	cmdFlush       = 3
	flagFUA        = 1
	errInvalid     = 22
	maxOptionBytes = 1 << 16
	maxRequest     = 32 << 20
)

const transmission = hasFlags | sendsFlush | sendsFUA

// Serve answers one connection after another until the listener is closed.
func (d *Device) Serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		err = d.serve(conn)
		if closeErr := conn.Close(); err == nil {
			err = closeErr
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
			return err
		}
	}
}

type nbdConn struct {
	*Device
	r *bufio.Reader
	w *bufio.Writer
}

func (d *Device) serve(conn net.Conn) error {
	c := &nbdConn{d, bufio.NewReader(conn), bufio.NewWriter(conn)}
	if err := c.negotiate(); err != nil {
		return err
	}
	for {
		end, err := c.answer()
		if end || err != nil {
			return err
		}
	}
}

// send writes fields of fixed size, big endian, and what follows them.
func (c *nbdConn) send(fields any, rest []byte) error {
	if err := binary.Write(c.w, binary.BigEndian, fields); err != nil {
		return err
	}
	if _, err := c.w.Write(rest); err != nil {
		return err
	}
	return c.w.Flush()
}

func (c *nbdConn) negotiate() error {
	hello := struct {
		Magic, Option uint64
		Flags         uint16
	}{nbdMagic, nbdOption, fixedNewstyle | noZeroes}
	if err := c.send(hello, nil); err != nil {
		return err
	}
	var clientFlags uint32
	if err := binary.Read(c.r, binary.BigEndian, &clientFlags); err != nil {
		return err
	}
	for {
		var head struct {
			Magic          uint64
			Option, Length uint32
		}
		if err := binary.Read(c.r, binary.BigEndian, &head); err != nil {
			return err
		}
		if head.Magic != nbdOption || head.Length > maxOptionBytes {
			return fmt.Errorf("nbd: option %x of %d bytes", head.Magic, head.Length)
		}
		if _, err := c.r.Discard(int(head.Length)); err != nil {
			return err
		}
		begin, err := c.option(head.Option)
		if begin || err != nil {
			return err
		}
	}
}

// option answers one option; begin tells that requests follow.
func (c *nbdConn) option(option uint32) (begin bool, err error) {
	switch option {
	case optExportName:
		return true, c.send(struct {
			Size  uint64
			Flags uint16
		}{uint64(c.size), transmission}, nil)
	case optGo, optInfo:
		info := binary.BigEndian.AppendUint16(nil, infoExport)
		info = binary.BigEndian.AppendUint64(info, uint64(c.size))
		info = binary.BigEndian.AppendUint16(info, transmission)
		if err := c.reply(option, replyInfo, info); err != nil {
			return false, err
		}
		return option == optGo, c.reply(option, replyAck, nil)
	case optAbort:
		return false, errors.Join(c.reply(option, replyAck, nil), io.EOF)
	}
	return false, c.reply(option, replyUnknown, nil)
}

func (c *nbdConn) reply(option, kind uint32, data []byte) error {
	return c.send(struct {
		Magic                uint64
		Option, Kind, Length uint32
	}{nbdReplyMagic, option, kind, uint32(len(data))}, data)
}

// answer answers one request; end tells that the other side is done.
func (c *nbdConn) answer() (end bool, err error) {
	var q struct {
		Magic       uint32
		Flags, Type uint16
		Cookie      uint64
		At          uint64
		Length      uint32
	}
	if err := binary.Read(c.r, binary.BigEndian, &q); err != nil {
		return false, err
	}
	if q.Magic != requestMagic || q.Length > maxRequest {
		return false, fmt.Errorf("nbd: request %x of %d bytes", q.Magic, q.Length)
	}
	var data []byte
	var failed uint32
	outside := q.At > uint64(c.size) || uint64(q.Length) > uint64(c.size)-q.At
	switch q.Type {
	case cmdDisconnect:
		return true, nil
	case cmdRead:
		if outside {
			failed = errInvalid
			break
		}
		data = make([]byte, q.Length)
		c.readAt(data, int64(q.At))
	case cmdWrite:
		body := make([]byte, q.Length)
		if _, err := io.ReadFull(c.r, body); err != nil {
			return false, err
		}
		if outside {
			failed = errInvalid
			break
		}
		c.writeAt(body, int64(q.At), q.Flags&flagFUA != 0)
	case cmdFlush:
		c.flush()
	default:
		failed = errInvalid
	}
	return false, c.send(struct {
		Magic, Error uint32
		Cookie       uint64
	}{answerMagic, failed, q.Cookie}, data)
}
