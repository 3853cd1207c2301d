package folderfs

import (
	"errors"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// assumed is NTFS. File indexes are not read (a handle per name would be
// needed), so inodes are 0 and renames are recognised by content.
func (d *Disk) assumed() Capabilities {
	return Capabilities{
		NoReplace: true, MtimeGranularity: 100 * time.Nanosecond, ClockStep: 100 * time.Nanosecond,
		UnicodeExact: true, Symlinks: true, MaxName: 255, Watchable: true,
	}
}

// system has nothing to add to what was assumed.
func (p *probe) system(*Disk, *Capabilities) error { return nil }

// shareAll disturbs nobody who has the file open.
const shareAll = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE

// withHandle opens a name in an open directory, the link itself where it is
// one, and runs a call on the handle.
func withHandle(dir *os.Root, base string, access, share uint32, call func(windows.Handle) error) error {
	return withDirectory(dir, func(parent windows.Handle) error {
		name, err := windows.NewNTUnicodeString(base)
		if err != nil {
			return err
		}
		attributes := windows.OBJECT_ATTRIBUTES{
			RootDirectory: parent, ObjectName: name, Attributes: windows.OBJ_CASE_INSENSITIVE,
		}
		attributes.Length = uint32(unsafe.Sizeof(attributes))
		var h windows.Handle
		var status windows.IO_STATUS_BLOCK
		err = windows.NtCreateFile(&h, access|windows.SYNCHRONIZE, &attributes, &status, nil, 0, share,
			windows.FILE_OPEN, windows.FILE_OPEN_REPARSE_POINT|windows.FILE_OPEN_FOR_BACKUP_INTENT|
				windows.FILE_SYNCHRONOUS_IO_NONALERT, 0, 0)
		if err != nil {
			return number(err)
		}
		defer func() { _ = windows.CloseHandle(h) }() // nothing was written through it
		return number(call(h))
	})
}

// withDirectory runs a call on the handle of an open directory.
func withDirectory(dir *os.Root, call func(windows.Handle) error) error {
	f, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written through it
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(h uintptr) { inner = call(windows.Handle(h)) }); err != nil {
		return err
	}
	return inner
}

// number turns a status of the kernel into the error number it stands for.
func number(err error) error {
	if status, ok := errors.AsType[windows.NTStatus](err); ok {
		return status.Errno()
	}
	return err
}

// renameInformation is FILE_RENAME_INFORMATION of the Windows driver kit, with
// room for the longest component.
type renameInformation struct {
	replace    uint32
	directory  windows.Handle
	nameLength uint32 // bytes
	name       [windows.MAX_PATH]uint16
}

// moveInto gives an open file a new name in a directory; an existing one is
// ERROR_ALREADY_EXISTS.
func moveInto(file windows.Handle, to *os.Root, base string) error {
	text, err := windows.UTF16FromString(base)
	if err != nil {
		return err
	}
	var rename renameInformation
	if len(text) > len(rename.name) {
		return ErrTooLong
	}
	copy(rename.name[:], text)
	rename.nameLength = uint32(len(text)-1) * 2
	return withDirectory(to, func(dir windows.Handle) error {
		rename.directory = dir
		var status windows.IO_STATUS_BLOCK
		return number(windows.NtSetInformationFile(file, &status, (*byte)(unsafe.Pointer(&rename)),
			uint32(unsafe.Sizeof(rename)), windows.FileRenameInformation))
	})
}

// markDeleted removes what a handle with the DELETE right is open on.
func markDeleted(h windows.Handle) error {
	yes := byte(1)
	var status windows.IO_STATUS_BLOCK
	return number(windows.NtSetInformationFile(h, &status, &yes, 1, windows.FileDispositionInformation))
}

func setTime(h windows.Handle, mtime int64) error {
	written := windows.NsecToFiletime(mtime)
	return windows.SetFileTime(h, nil, nil, &written)
}

// copyAccess copies the discretionary access control list.
func copyAccess(source *os.Root, sourceBase string, target *os.Root, targetBase string) error {
	return withHandle(source, sourceBase, windows.READ_CONTROL, shareAll, func(in windows.Handle) error {
		descriptor, err := windows.GetSecurityInfo(in, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
		if err != nil {
			return err
		}
		list, _, err := descriptor.DACL()
		if err != nil {
			return err
		}
		return withHandle(target, targetBase, windows.WRITE_DAC, shareAll, func(out windows.Handle) error {
			return windows.SetSecurityInfo(out, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, list, nil)
		})
	})
}

// born: what is made under a name that was free for a moment only gets the time
// of what stood there before. File numbers come back late enough.
func born(OpenFile) int64 { return 0 }
