package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labsync/labsync/internal/api"
)

// keepAlive is how often a quiet stream shows that it is still there; both
// sides notice a dead one by it.
const keepAlive = 15 * time.Second

// events serves the event stream. A reader that takes nothing for writeTimeout
// loses its stream and comes back with its cursor.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	since, err := cursor(r)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := &stream{w: w, control: http.NewResponseController(w)}
	out.control.SetReadDeadline(time.Time{})
	if out.send(": labsync\n\n") != nil {
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	var alive sync.WaitGroup
	defer alive.Wait()
	defer cancel()
	alive.Go(func() {
		defer cancel()
		out.keepAlive(ctx)
	})
	err = s.node.Events(ctx, since, out.event)
	s.log.Debug("event stream ended", "cause", err)
}

// cursor reads since, or what a browser's EventSource sends when it comes back.
func cursor(r *http.Request) (int64, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("since")
	}
	if text == "" {
		return api.SinceNow, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < api.SinceNow {
		return 0, api.Misuse(fmt.Sprintf("since is the ID of an event, 0 for the first or -1 for the next, not %q", text))
	}
	return n, nil
}

// stream writes server-sent events. Its lock keeps events and signs of life
// apart.
type stream struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	control *http.ResponseController
}

func (s *stream) event(e api.Event) error {
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write event %d: %w", e.ID, err)
	}
	return s.send(fmt.Sprintf("id: %d\ndata: %s\n\n", e.ID, text))
}

func (s *stream) send(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}

func (s *stream) keepAlive(ctx context.Context) {
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if s.send(":\n\n") != nil {
				return
			}
		}
	}
}
