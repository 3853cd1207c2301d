package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"
)

// Limits of a listener. A person's tools need a handful of each.
const (
	maxConns       = 256
	maxRequests    = 128
	maxHeaderBytes = 16 << 10
	maxBodyBytes   = 1 << 20

	headerTimeout = 5 * time.Second
	bodyTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second // of one answer, or one event of a stream
	idleTimeout   = 2 * time.Minute
	closeTimeout  = time.Second // for requests under way at the end
)

// Options say where to listen.
type Options struct {
	// Socket is the path of the Unix socket, "" for none. Its directory is made
	// if it is missing, and must belong to this user alone.
	Socket string
	// TCP is a loopback address, host:port with 0 for any port, "" for none.
	TCP string
	// TokenFile holds the token for TCP; it is made, for this user's eyes only,
	// if it is missing. Needed with TCP.
	TokenFile string
	Logger    *slog.Logger
}

// Server serves one Node.
type Server struct {
	node    Node
	options Options
	log     *slog.Logger

	unix, tcp net.Listener
	token     string
}

// New returns a server that does not listen yet.
func New(node Node, o Options) *Server {
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Server{node: node, options: o, log: log}
}

// Listen takes the addresses, so that a refusal shows before anything else is
// under way and clients can connect from now on. Run calls it if it was not
// called; after Listen, Run must be called or the listeners stay open.
func (s *Server) Listen() error {
	if s.options.Socket != "" {
		l, err := listenUnix(s.options.Socket)
		if err != nil {
			return err
		}
		s.unix = ownListener{l}
	}
	if s.options.TCP != "" {
		if err := s.listenTCP(); err != nil {
			s.close()
			return err
		}
	}
	return nil
}

func (s *Server) listenTCP() error {
	if err := checkLoopback(s.options.TCP); err != nil {
		return err
	}
	token, err := loadToken(s.options.TokenFile)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.options.TCP)
	if err != nil {
		return fmt.Errorf("the API cannot listen on %s: end what uses that port, or choose another one as \"api\" in config.toml: %w", s.options.TCP, err)
	}
	s.tcp, s.token = l, token
	return nil
}

// Addr is the loopback address that is listened on, "" for none.
func (s *Server) Addr() string {
	if s.tcp == nil {
		return ""
	}
	return s.tcp.Addr().String()
}

func (s *Server) close() {
	for _, l := range []net.Listener{s.unix, s.tcp} {
		if l != nil {
			l.Close()
		}
	}
	s.unix, s.tcp = nil, nil
}

// Run serves until ctx ends, which is no error.
func (s *Server) Run(ctx context.Context) error {
	if s.unix == nil && s.tcp == nil {
		if err := s.Listen(); err != nil {
			return err
		}
	}
	routes := s.mux()
	group, ctx := errgroup.WithContext(ctx)
	if s.unix != nil {
		g := newGuard(routes, allowedHosts(nil), "")
		group.Go(func() error { return s.serve(ctx, s.unix, g) })
	}
	if s.tcp != nil {
		g := newGuard(routes, allowedHosts(s.tcp.Addr()), s.token)
		group.Go(func() error { return s.serve(ctx, s.tcp, g) })
	}
	return group.Wait()
}

func (s *Server) serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		if srv.Shutdown(limit) != nil {
			srv.Close()
		}
	})
	err := srv.Serve(netutil.LimitListener(l, maxConns))
	if !stop() {
		<-closed
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the API on %s: %w", l.Addr(), err)
}
