package store

import (
	"encoding/binary"
	"fmt"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
)

// names.state is a format number, the number of versions, the versions, and
// what the disk says, relative to the held version. A version is what it is
// (the bits below), the number of its block list, its announcers (number times
// two, plus one if it has the version at the path), and its entry.
const stateFormat = 1

const (
	versionHeld    = 0x01
	versionDerived = 0x02
)

func appendState(b []byte, r *register.Register) []byte {
	b = append(b, stateFormat)
	b = binary.AppendUvarint(b, uint64(len(r.Versions)))
	for i := range r.Versions {
		b = appendRegisterVersion(b, &r.Versions[i])
	}
	if v := r.Held(); v != nil && !v.Entry.Deleted {
		b = appendDisk(b, &r.Disk, &v.Entry)
	}
	return b
}

func appendRegisterVersion(b []byte, v *register.Version) []byte {
	var bits byte
	if v.Held {
		bits |= versionHeld
	}
	if v.Derived {
		bits |= versionDerived
	}
	b = append(b, bits)
	b = binary.AppendUvarint(b, uint64(v.List))
	b = binary.AppendUvarint(b, uint64(len(v.Announced)))
	for _, a := range v.Announced {
		n := uint64(a.Device) << 1
		if a.First {
			n |= 1
		}
		b = binary.AppendUvarint(b, n)
	}
	return appendEntry(b, &v.Entry)
}

// parseState reads the state of a name into r, whose columns are set already.
func parseState(state []byte, r *register.Register) error {
	p := &parser{b: state}
	if p.byte() != stateFormat {
		p.fail()
	}
	r.Versions = make([]register.Version, p.count(1))
	for i := range r.Versions {
		r.Versions[i] = p.registerVersion(r.Name)
	}
	if v := r.Held(); v != nil && !v.Entry.Deleted {
		r.Disk = p.disk(&v.Entry)
	}
	return p.end(fmt.Sprintf("state of %q", r.Name))
}

func (p *parser) registerVersion(name string) (v register.Version) {
	bits := p.byte()
	v.Held = bits&versionHeld != 0
	v.Derived = bits&versionDerived != 0
	v.List = int(p.uvarint())
	if n := p.count(1); n > 0 {
		v.Announced = make([]register.Announcer, n)
	}
	for i := range v.Announced {
		n := p.uvarint()
		v.Announced[i] = register.Announcer{Device: int(n >> 1), First: n&1 != 0}
	}
	v.Entry = p.entry()
	v.Entry.Name = name
	return v
}

// What the disk says is mostly what the entry says.
const (
	diskType  = 0x03
	diskSize  = 0x04 // the bits below: the field differs from the entry's
	diskMtime = 0x08
	diskMode  = 0x10
	diskName  = 0x20
)

// appendDisk writes the other times as differences, which are short. They may
// overflow; adding them wraps back to what was written.
func appendDisk(b []byte, d *index.Disk, e *index.Entry) []byte {
	bits := byte(d.Type) & diskType
	field := func(bit byte, differs bool) bool {
		if differs {
			bits |= bit
		}
		return differs
	}
	size := field(diskSize, d.Size != e.Size)
	mtime := field(diskMtime, d.Mtime != e.Mtime)
	mode := field(diskMode, d.Mode != e.Mode)
	name := field(diskName, d.Name != "")
	b = append(b, bits)
	if size {
		b = binary.AppendVarint(b, d.Size)
	}
	if mtime {
		b = binary.AppendVarint(b, d.Mtime)
	}
	if mode {
		b = binary.AppendUvarint(b, uint64(d.Mode))
	}
	if name {
		b = appendString(b, d.Name)
	}
	b = binary.AppendVarint(b, d.Ctime-d.Mtime)
	b = binary.AppendVarint(b, d.Seen-d.Ctime)
	b = binary.AppendUvarint(b, d.Inode)
	return binary.AppendUvarint(b, d.Device)
}

func (p *parser) disk(e *index.Entry) index.Disk {
	bits := p.byte()
	d := index.Disk{Type: index.Type(bits & diskType), Size: e.Size, Mtime: e.Mtime, Mode: e.Mode}
	if bits&diskSize != 0 {
		d.Size = p.varint()
	}
	if bits&diskMtime != 0 {
		d.Mtime = p.varint()
	}
	if bits&diskMode != 0 {
		d.Mode = uint32(p.uvarint())
	}
	if bits&diskName != 0 {
		d.Name = p.string()
	}
	d.Ctime = d.Mtime + p.varint()
	d.Seen = d.Ctime + p.varint()
	d.Inode = p.uvarint()
	d.Device = p.uvarint()
	return d
}
