// Package api is what a program needs to talk to a labsync daemon: the types
// of the JSON that goes back and forth, and a Client. It uses the standard
// library only, so that the desktop app, the command line and a script's
// neighbour can link it without the daemon.
//
// The daemon serves HTTP and JSON on a Unix socket in the person's runtime
// directory (on Windows 10 and later too, which has Unix sockets) and, with a
// token, on loopback. internal/api/server is that other side, and OpenAPI is
// the description of both; a test holds it against the types here.
//
// Rules of the JSON, which scripts rely on: objects carry "schema":1, lists are
// bare arrays and never null, names are in snake_case, times are RFC 3339, sizes
// are bytes, rates are bytes per second. New fields may come; none goes or
// changes its meaning within a schema.
//
// A Client starts no goroutine of its own beyond those of net/http, and may be
// used from several goroutines.
package api
