package chunk

import (
	"math/bits"

	"github.com/labsync/labsync/index"
)

// Policy is a way to cut files.
type Policy uint8

// The policies.
const (
	Content Policy = iota // FastCDC; BlockSize 0
	Fixed                 // BEP's sizes
)

// String returns the policy as the configuration writes it.
func (p Policy) String() string { return [...]string{"content", "fixed"}[p] }

// Class is how big the blocks of a file are: each class doubles the sizes of
// the one below, Class 0 being the smallest.
type Class int8

// NoClass stands for the class of a file that has no earlier version.
const NoClass Class = -1

// Sizes in bytes of class 0. No block exceeds 16 MiB, the largest BEP allows
// and the most that anyone has to hold before it is verified.
const (
	single     = 1 << 20   // up to here the content policy makes one block
	minimum    = 32 << 10  // of a content block but the last
	normal     = 64 << 10  // from here on a cut is more likely
	maximum    = 512 << 10 // of a content block
	contentFor = 128 << 20 // file size up to which content class 0 is meant
	fixedSize  = 128 << 10
	fixedFor   = 2000 * fixedSize // BEP: the first size that gives fewer than 2,000 blocks

	topContent Class = 5
	topFixed   Class = 7
)

func (p Policy) top() Class {
	if p == Fixed {
		return topFixed
	}
	return topContent
}

// natural is the class a new file of this size gets.
func (p Policy) natural(size int64) Class {
	bound := int64(contentFor)
	if p == Fixed {
		bound = fixedFor - 1
	}
	c := Class(0)
	for c < p.top() && size > bound {
		c++
		bound *= 2
		if p == Fixed {
			bound++ // the bounds are 2000·2^c·128 KiB - 1
		}
	}
	return c
}

// ClassFor returns the class for a file of this size whose earlier version was
// cut in class previous, or NoClass. The class stays until the file is four
// times over its bound, or as much below.
func (p Policy) ClassFor(size int64, previous Class) Class {
	const slack = 2 // classes, hence a factor of four
	n := p.natural(size)
	if previous >= 0 && previous <= p.top() && n <= previous+slack && previous <= n+slack {
		return previous
	}
	return n
}

// ClassOf tells in which class of this policy a file was cut, or NoClass if it
// was cut by the other policy, into one block, or is no file. The class of a
// content list is read off its smallest block, and thus a guess if all are
// larger than usual; a wrong guess costs a transfer, nothing else.
func (p Policy) ClassOf(e *index.Entry) Class {
	if e == nil || e.Type != index.File || len(e.Blocks) < 2 || (e.BlockSize == 0) != (p == Content) {
		return NoClass
	}
	size, unit := e.BlockSize, int32(fixedSize)
	if p == Content {
		unit = minimum
		size = e.Blocks[0].Size
		for _, b := range e.Blocks[:len(e.Blocks)-1] {
			size = min(size, b.Size)
		}
	}
	if size < unit {
		return NoClass
	}
	return min(Class(bits.Len32(uint32(size/unit))-1), p.top())
}

// BlockSize returns what an entry cut by this policy and class has as
// BlockSize: the blocks' size, or 0 for content.
func (p Policy) BlockSize(c Class) int32 {
	if p == Content {
		return 0
	}
	return fixedSize << c
}
