package api

import (
	"encoding/json"
	"time"
)

// Event is something that happened. IDs start at 1 and grow by one with each
// event of a daemon's run, so a reader that finds one missing knows that it was
// too slow: the daemon keeps a bounded number of them.
type Event struct {
	Schema Schema    `json:"schema"`
	ID     int64     `json:"id"`
	Time   time.Time `json:"time"`
	Type   string    `json:"type"`   // from the closed list in internal/event
	Folder string    `json:"folder"` // ID, "" if it is about none
	Device string    `json:"device"` // ID, "" if it is about none
	Path   string    `json:"path"`   // in the folder
	Text   string    `json:"text"`   // one sentence for a person
	// Fields hold what a program may want to know besides.
	Fields Fields `json:"fields"`
}

// Fields is a JSON object of texts that is {} rather than null when it is nil.
type Fields map[string]string

// MarshalJSON writes the object.
func (f Fields) MarshalJSON() ([]byte, error) {
	if f == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]string(f))
}

// SinceNow is the cursor of a reader that wants future events only.
const SinceNow int64 = -1
