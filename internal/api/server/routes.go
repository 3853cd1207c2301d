package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/labsync/labsync/internal/api"
)

// route is one line of the API; the OpenAPI document has one operation each.
type route struct {
	method, path string
	handler      http.HandlerFunc
}

func (s *Server) routes() []route {
	n := s.node
	return []route{
		{http.MethodGet, api.PathOpenAPI, describe},
		{http.MethodGet, api.PathStatus, answer(func(ctx context.Context, _ *http.Request) (api.Status, error) { return n.Status(ctx) })},
		{http.MethodGet, api.PathEvents, s.events},
		{http.MethodPost, api.PathWait, wait(n)},

		{http.MethodGet, api.PathDevices, list(n.Devices)},
		{http.MethodPost, api.PathDevices, edit(n.AddDevice)},
		{http.MethodDelete, api.PathDevices, named(n.RemoveDevice)},
		{http.MethodPost, api.PathDevicePause, pause(n.PauseDevice)},

		{http.MethodGet, api.PathFolders, list(n.Folders)},
		{http.MethodPost, api.PathFolders, edit(n.AddFolder)},
		{http.MethodPatch, api.PathFolders, setFolder(n)},
		{http.MethodDelete, api.PathFolders, named(n.RemoveFolder)},
		{http.MethodPost, api.PathFolderPause, pause(n.PauseFolder)},
		{http.MethodPost, api.PathFolderRescan, rescan(n)},
		{http.MethodPost, api.PathFolderOverride, named(n.OverrideFolder)},
		{http.MethodPost, api.PathFolderRevert, named(n.RevertFolder)},

		{http.MethodPut, api.PathLimits, change(n.SetLimit)},
		{http.MethodPut, api.PathLogLevel, change(func(ctx context.Context, l api.LogLevel) error { return n.SetLogLevel(ctx, l.Level) })},
		{http.MethodPost, api.PathShutdown, perform(func(ctx context.Context, _ *http.Request) error { return n.Shutdown(ctx) })},
	}
}

// mux serves the routes; a path without that method and a path that is none are
// refused in JSON too.
func (s *Server) mux() http.Handler {
	mux := http.NewServeMux()
	seen := map[string]bool{}
	for _, r := range s.routes() {
		mux.HandleFunc(r.method+" "+r.path, r.handler)
		if !seen[r.path] {
			seen[r.path] = true
			mux.HandleFunc(r.path, func(w http.ResponseWriter, req *http.Request) {
				refuse(w, &api.Error{Code: api.CodeMethod, Text: fmt.Sprintf("%s has no method %s", req.URL.Path, req.Method)})
			})
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		refuse(w, api.NotFound(fmt.Sprintf("the API has no path %q: see %s", req.URL.Path, api.PathOpenAPI)))
	})
	return mux
}

func describe(w http.ResponseWriter, _ *http.Request) { send(w, http.StatusOK, api.OpenAPI()) }

func wait(n Node) http.HandlerFunc {
	return unhurried(perform(func(ctx context.Context, r *http.Request) error {
		return n.Wait(ctx, r.URL.Query().Get("folder"))
	}))
}

func list[T any](f func(context.Context) ([]T, error)) http.HandlerFunc {
	return answer(func(ctx context.Context, _ *http.Request) (api.List[T], error) { return f(ctx) })
}

func edit[In, Out any](f func(context.Context, In) (Out, error)) http.HandlerFunc {
	return answer(func(ctx context.Context, r *http.Request) (out Out, err error) {
		in, err := body[In](r)
		if err != nil {
			return out, err
		}
		return f(ctx, in)
	})
}

func change[In any](f func(context.Context, In) error) http.HandlerFunc {
	return perform(func(ctx context.Context, r *http.Request) error {
		in, err := body[In](r)
		if err != nil {
			return err
		}
		return f(ctx, in)
	})
}

func named(f func(context.Context, string) error) http.HandlerFunc {
	return perform(func(ctx context.Context, r *http.Request) error {
		of, err := id(r)
		if err != nil {
			return err
		}
		return f(ctx, of)
	})
}

func pause(f func(context.Context, string, bool) error) http.HandlerFunc {
	return perform(func(ctx context.Context, r *http.Request) error {
		of, err := id(r)
		if err != nil {
			return err
		}
		in, err := body[api.Pause](r)
		if err != nil {
			return err
		}
		return f(ctx, of, in.Paused)
	})
}

func setFolder(n Node) http.HandlerFunc {
	return answer(func(ctx context.Context, r *http.Request) (out api.FolderConfig, err error) {
		of, err := id(r)
		if err != nil {
			return out, err
		}
		in, err := body[api.FolderSet](r)
		if err != nil {
			return out, err
		}
		return n.SetFolder(ctx, of, in)
	})
}

func rescan(n Node) http.HandlerFunc {
	return perform(func(ctx context.Context, r *http.Request) error {
		of, err := id(r)
		if err != nil {
			return err
		}
		return n.RescanFolder(ctx, of, r.URL.Query().Get("name"))
	})
}

// unhurried lifts the listener's deadlines for a request that may take for ever.
func unhurried(f http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		c.SetReadDeadline(time.Time{})
		c.SetWriteDeadline(time.Time{})
		f(w, r)
	}
}
