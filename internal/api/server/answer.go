package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/labsync/labsync/internal/api"
)

// statusOf has the HTTP status of each kind of refusal.
func statusOf(code api.ErrorCode) int {
	switch code {
	case api.CodeMisuse:
		return http.StatusBadRequest
	case api.CodeUnauthorized:
		return http.StatusUnauthorized
	case api.CodeForbidden:
		return http.StatusForbidden
	case api.CodeNotFound:
		return http.StatusNotFound
	case api.CodeMethod:
		return http.StatusMethodNotAllowed
	case api.CodeRefused:
		return http.StatusConflict
	case api.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case api.CodeMisdirected:
		return http.StatusMisdirectedRequest
	case api.CodeBusy:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// refuse answers with an error; what is no *api.Error has failed.
func refuse(w http.ResponseWriter, err error) {
	e := &api.Error{}
	if !errors.As(err, &e) {
		e = &api.Error{Code: api.CodeFailed, Text: err.Error()}
	}
	text, err := json.Marshal(e)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	send(w, statusOf(e.Code), text)
}

func send(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(text, '\n')) // whoever is gone by now needs no answer
}

// answer turns a function of the node into a handler.
func answer[T any](f func(ctx context.Context, r *http.Request) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r.Context(), r)
		if err != nil {
			refuse(w, err)
			return
		}
		text, err := json.Marshal(v)
		if err != nil {
			refuse(w, fmt.Errorf("write the answer: %w", err))
			return
		}
		send(w, http.StatusOK, text)
	}
}

// perform is answer for what has nothing to say but that it is done.
func perform(f func(ctx context.Context, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := f(r.Context(), r); err != nil {
			refuse(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// body reads the request's body into a T and nothing else.
func body[T any](r *http.Request) (v T, err error) {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err = d.Decode(&v); err == nil && d.More() {
		err = errors.New("more than one value")
	}
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return v, &api.Error{Code: api.CodeTooLarge, Text: "the body is too long"}
	case err != nil:
		return v, api.Misuse(fmt.Sprintf("the body cannot be read: %v", err))
	}
	return v, nil
}

// id reads the query's id, which must be there.
func id(r *http.Request) (string, error) {
	if v := r.URL.Query().Get("id"); v != "" {
		return v, nil
	}
	return "", api.Misuse("the query lacks an id")
}
