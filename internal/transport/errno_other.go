//go:build !unix && !windows

package transport

// isErrno reports whether err comes from a system call. There are no sockets of the system here, or no numbers of errors.
func isErrno(error) bool { return false }

// isSocketErrno reports whether err comes from a system call that has failed for its socket.
func isSocketErrno(error) bool { return false }
