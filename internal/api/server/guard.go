package server

import (
	"crypto/subtle"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/labsync/labsync/internal/api"
)

// Wrong tokens are answered at this pace, whoever sends them.
const (
	guessEvery = 200 * time.Millisecond
	guessBurst = 5
)

// guard lets through what a program of this user may have sent.
type guard struct {
	next    http.Handler
	hosts   []string
	token   string // "" where the operating system has checked the user
	slots   chan struct{}
	guesses *rate.Limiter
}

func newGuard(next http.Handler, hosts []string, token string) *guard {
	return &guard{next: next, hosts: hosts, token: token,
		slots:   make(chan struct{}, maxRequests),
		guesses: rate.NewLimiter(rate.Every(guessEvery), guessBurst)}
}

// ServeHTTP refuses or passes on.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	default:
		refuse(w, &api.Error{Code: api.CodeBusy, Text: "too many requests at once: try again in a moment"})
		return
	}
	if e := g.check(r); e != nil {
		if e.Code == api.CodeUnauthorized && g.guesses.Wait(r.Context()) != nil {
			return
		}
		refuse(w, e)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
	g.next.ServeHTTP(w, r)
}

func (g *guard) check(r *http.Request) *api.Error {
	if !slices.Contains(g.hosts, strings.ToLower(r.Host)) {
		return &api.Error{Code: api.CodeMisdirected, Text: "this is the API of a labsync daemon, which does not go by that name: use the address it listens on"}
	}
	if !g.fromHere(r.Header) {
		return &api.Error{Code: api.CodeForbidden, Text: "a page of another site may not use the API of the labsync daemon"}
	}
	if g.token != "" && !g.holdsToken(r) {
		return &api.Error{Code: api.CodeUnauthorized, Text: "the token of the labsync daemon is missing or wrong: send the one in its home as \"Authorization: Bearer TOKEN\""}
	}
	if r.Method != http.MethodGet && r.ContentLength != 0 {
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
			return &api.Error{Code: api.CodeMisuse, Text: "a body must be sent as Content-Type: application/json"}
		}
	}
	return nil
}

// fromHere reports whether the request is no browser's, or of a page that this
// server gave out. Programs send neither header.
func (g *guard) fromHere(h http.Header) bool {
	if site := h.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origins := h.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	u, err := url.Parse(origins[0])
	return err == nil && len(origins) == 1 && u.Scheme == "http" && slices.Contains(g.hosts, strings.ToLower(u.Host))
}

func (g *guard) holdsToken(r *http.Request) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && subtle.ConstantTimeCompare([]byte(given), []byte(g.token)) == 1
}
