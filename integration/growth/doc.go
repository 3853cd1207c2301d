// Package growth measures what one file costs real daemons in folders of ten
// thousand, a hundred thousand and a million files: its first scan, another
// start, the meeting of two devices that have it both, a batch of new files on
// its way, an answer of status; and what memory a daemon takes meanwhile.
//
// It is a benchmark, and the largest size needs some 9 GB of disk and minutes:
//
//	make growth
//
// Every figure is per file, so a folder that grows a hundredfold should not
// move it: the slope is the cost at a size over that at the smallest. Up to 2
// is what labsync promises, and 300 MiB of memory at a million files. Both
// daemons and the tests share the machine, and the disk's share of the cost is
// as noisy as the disk is.
package growth
