package api

import "errors"

// ErrNoDaemon means that no daemon runs on this home, or at least none answers.
var ErrNoDaemon = errors.New("no labsync daemon is running here")

// ErrorCode says of what kind a refusal is.
type ErrorCode string

// The kinds of refusals, each with its HTTP status.
const (
	CodeMisuse       ErrorCode = "misuse"       // 400: the request makes no sense
	CodeUnauthorized ErrorCode = "unauthorized" // 401: the token is missing or wrong
	CodeForbidden    ErrorCode = "forbidden"    // 403: asked for by a web page of somewhere else
	CodeNotFound     ErrorCode = "not-found"    // 404: no such device, folder or route
	CodeMethod       ErrorCode = "method"       // 405: the route has no such method
	CodeRefused      ErrorCode = "refused"      // 409: possible in general, not as things are
	CodeTooLarge     ErrorCode = "too-large"    // 413: the body is longer than any valid one
	CodeMisdirected  ErrorCode = "misdirected"  // 421: addressed to another host
	CodeBusy         ErrorCode = "busy"         // 503: too many requests or readers at once
	CodeFailed       ErrorCode = "failed"       // 500: tried and failed
)

// Error is a refusal: one sentence for a person and a code for a program.
type Error struct {
	Schema Schema    `json:"schema"`
	Code   ErrorCode `json:"code"`
	Text   string    `json:"text"`
}

// Error returns the sentence.
func (e *Error) Error() string { return e.Text }

// Misuse reports a request that makes no sense as it was typed.
func Misuse(text string) error { return &Error{Code: CodeMisuse, Text: text} }

// NotFound reports a device or folder that does not exist.
func NotFound(text string) error { return &Error{Code: CodeNotFound, Text: text} }

// Refused reports what cannot be done as things are.
func Refused(text string) error { return &Error{Code: CodeRefused, Text: text} }
