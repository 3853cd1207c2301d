package server

import "net"

// ownListener accepts connections of this user's processes, and root's, and
// closes any other.
type ownListener struct{ net.Listener }

// Accept waits for a connection of this user.
func (l ownListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c, ok := conn.(*net.UnixConn); ok && sameUser(c) {
			return conn, nil
		}
		conn.Close()
	}
}
