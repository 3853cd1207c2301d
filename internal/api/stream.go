package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// maxEventLine bounds one line of the event stream.
const maxEventLine = 1 << 20

// readEvents reads server-sent events as the HTML standard has them
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), of which
// the daemon uses "id", "data" in one line, and comments to keep the
// connection alive. The stream's end is ErrNoDaemon: a daemon ends it only
// when it ends itself.
func readEvents(r io.Reader, each func(Event) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 4096), maxEventLine)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		var e Event
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("read event: %w", err)
		}
		if err := each(e); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrNoDaemon, err)
	}
	return ErrNoDaemon
}
