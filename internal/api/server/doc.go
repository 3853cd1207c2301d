// Package server serves a Node over HTTP: on a Unix socket, where the operating
// system says who asks, and on loopback, where a token does.
//
// Run owns every goroutine: one per listener, those of net/http, and in each
// event stream one that keeps the connection alive, which ends with the
// request. When Run's context ends, streams and waiting requests end first,
// then the listeners; all of it takes at most a second.
//
// What guards the API, outermost first (guard.go): the number of requests at a
// time, the peer's user or the token, Host (a name that a web page has rebound
// to this machine is not ours: 421), Origin and Sec-Fetch-Site (a page of
// elsewhere: 403), the content type, the size of the body. No header ever
// allows another origin.
package server
