package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// Host is the name under which requests over the Unix socket are addressed.
const Host = "labsync.local"

// maxAnswer bounds what a Client reads of one answer: a status with a hundred
// thousand problems fits.
const maxAnswer = 256 << 20

// Client talks to the daemon of one home. Its methods do what those of
// server.Node say. If no daemon answers, the error wraps ErrNoDaemon; a refusal
// is an *Error.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// NewClient returns a client of the daemon that listens on the Unix socket.
// Nothing is connected before the first call.
func NewClient(socket string) *Client {
	dialer := net.Dialer{}
	return &Client{base: "http://" + Host, http: &http.Client{Transport: &http.Transport{
		Proxy: nil,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		},
	}}}
}

// NewTokenClient returns a client of the daemon that listens on a loopback
// address, given as host:port, for whoever knows the token.
func NewTokenClient(address, token string) *Client {
	return &Client{base: "http://" + address, token: token, http: &http.Client{Transport: &http.Transport{Proxy: nil}}}
}

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status returns how the device and its folders are.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.do(ctx, http.MethodGet, PathStatus, nil, nil, &s)
}

// Wait returns when connected devices agree on the folder, "" for all.
func (c *Client) Wait(ctx context.Context, folder string) error {
	return c.do(ctx, http.MethodPost, PathWait, query("folder", folder), nil, nil)
}

// Devices returns the other devices as configured.
func (c *Client) Devices(ctx context.Context) ([]DeviceConfig, error) {
	var list List[DeviceConfig]
	err := c.do(ctx, http.MethodGet, PathDevices, nil, nil, &list)
	return list, err
}

// AddDevice adds a device or renews its name and addresses.
func (c *Client) AddDevice(ctx context.Context, d DeviceConfig) (out DeviceConfig, err error) {
	return out, c.do(ctx, http.MethodPost, PathDevices, nil, d, &out)
}

// RemoveDevice forgets a device.
func (c *Client) RemoveDevice(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, PathDevices, query("id", id), nil, nil)
}

// PauseDevice pauses a device or lets it go on.
func (c *Client) PauseDevice(ctx context.Context, id string, paused bool) error {
	return c.do(ctx, http.MethodPost, PathDevicePause, query("id", id), Pause{Paused: paused}, nil)
}

// Folders returns the folders as configured.
func (c *Client) Folders(ctx context.Context) ([]FolderConfig, error) {
	var list List[FolderConfig]
	err := c.do(ctx, http.MethodGet, PathFolders, nil, nil, &list)
	return list, err
}

// AddFolder adds a folder or shares one that exists.
func (c *Client) AddFolder(ctx context.Context, a FolderAdd) (out FolderConfig, err error) {
	return out, c.do(ctx, http.MethodPost, PathFolders, nil, a, &out)
}

// SetFolder changes a folder.
func (c *Client) SetFolder(ctx context.Context, id string, s FolderSet) (out FolderConfig, err error) {
	return out, c.do(ctx, http.MethodPatch, PathFolders, query("id", id), s, &out)
}

// RemoveFolder forgets a folder and leaves its files alone.
func (c *Client) RemoveFolder(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, PathFolders, query("id", id), nil, nil)
}

// PauseFolder pauses a folder or lets it go on.
func (c *Client) PauseFolder(ctx context.Context, id string, paused bool) error {
	return c.do(ctx, http.MethodPost, PathFolderPause, query("id", id), Pause{Paused: paused}, nil)
}

// RescanFolder compares the disk with the index, beneath a name if it is not "".
func (c *Client) RescanFolder(ctx context.Context, id, name string) error {
	return c.do(ctx, http.MethodPost, PathFolderRescan, query("id", id, "name", name), nil, nil)
}

// OverrideFolder makes the content here newer than what others have.
func (c *Client) OverrideFolder(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodPost, PathFolderOverride, query("id", id), nil, nil)
}

// RevertFolder makes the content here what others have.
func (c *Client) RevertFolder(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodPost, PathFolderRevert, query("id", id), nil, nil)
}

// SetLimit changes rate limits.
func (c *Client) SetLimit(ctx context.Context, l LimitSet) error {
	return c.do(ctx, http.MethodPut, PathLimits, nil, l, nil)
}

// SetLogLevel changes how much the daemon logs until it ends.
func (c *Client) SetLogLevel(ctx context.Context, level string) error {
	return c.do(ctx, http.MethodPut, PathLogLevel, nil, LogLevel{Level: level}, nil)
}

// Shutdown asks the daemon to end.
func (c *Client) Shutdown(ctx context.Context) error {
	return c.do(ctx, http.MethodPost, PathShutdown, nil, nil, nil)
}

// Events calls each with every event after since, in order, until ctx ends or
// each fails. It ends with ErrNoDaemon when the daemon goes.
func (c *Client) Events(ctx context.Context, since int64, each func(Event) error) error {
	resp, err := c.send(ctx, http.MethodGet, PathEvents, query("since", strconv.FormatInt(since, 10)), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	err = readEvents(resp.Body, each)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// query makes a query of names and values, without those that are "".
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

func (c *Client) do(ctx context.Context, method, path string, q url.Values, in, out any) error {
	resp, err := c.send(ctx, method, path, q, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
		return err
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("read the daemon's answer to %s: %w", path, err)
	}
	return nil
}

// send returns a successful response, whose body the caller closes.
func (c *Client) send(ctx context.Context, method, path string, q url.Values, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("write request %s: %w", path, err)
		}
		body = bytes.NewReader(text)
	}
	address := c.base + path
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fmt.Errorf("make request %s: %w", path, err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer resp.Body.Close()
		return nil, refusal(resp)
	}
	return resp, nil
}

// unreachable tells a daemon that is not there from other failures to ask it.
func unreachable(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the daemon of this home belongs to another user: %w", err)
	}
	// Nobody accepts, or who accepted went away before it answered. The other
	// reasons for a failed call are this program's mistakes.
	var op *net.OpError
	if errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ErrNoDaemon, err)
	}
	return fmt.Errorf("ask the daemon: %w", err)
}

func refusal(resp *http.Response) error {
	e := &Error{}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(e); err != nil || e.Text == "" {
		return fmt.Errorf("the daemon answered %s", resp.Status)
	}
	return e
}
