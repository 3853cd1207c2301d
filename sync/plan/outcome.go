package plan

// Status is how an action ended.
type Status uint8

// The ends of an action.
const (
	Done      Status = iota // on disk and in the index
	Stale                   // index or heads have changed: decide again
	Unscanned               // the disk differs from the index: scan the name, then decide again
	Postponed               // try again later: the file is open for writing, a device has to come back
	Differs                 // of Compare: the bytes are not the same
	Failed                  // Problem says why; tried again after a while
)

// Outcome is what became of one action. A failure of one name is data: it is
// shown in status and never ends the folder's work.
type Outcome struct {
	Name    string
	Status  Status
	Problem *Problem
	// Rescan lists further names or directories the disk should be compared
	// with again.
	Rescan []string
	// Unsettled tells that it is not known what stands at the name: nothing may
	// be recorded of it before another Place or Recheck has found out.
	Unsettled bool
	// Received and Reused count the bytes that came from devices and from
	// this disk.
	Received, Reused int64
}

// Problem is why one name is not in order.
type Problem struct {
	Name string
	Code string // from the closed list in docs/problems.md
	Text string // one sentence: what happened, to what, what to do
}

// Codes of problems that keep a name from being placed.
const (
	CodeNoSource   = "no-source"        // no connected device has the content
	CodeNoSpace    = "no-space"         // the disk is full
	CodeReadOnly   = "read-only"        // directory or file system cannot be written
	CodeTooLong    = "name-too-long"    // the file system refuses the name
	CodeNameTwin   = "name-twin"        // differs from another name only in case or Unicode form
	CodeUnheld     = "cannot-hold"      // links, or a character, are not possible here
	CodeNotEmpty   = "not-empty"        // a directory that is to go holds something
	CodeInUse      = "in-use"           // open for writing elsewhere
	CodeCrossMount = "other-filesystem" // a mount lies between the work directory and the name
	CodeBadBlocks  = "bad-blocks"       // a device sent bytes that do not match their hash
	CodeIO         = "io-error"         // anything else the file system reported
)
