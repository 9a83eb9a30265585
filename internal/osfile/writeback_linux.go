//go:build !arm

package osfile

import (
	"os"
	"syscall"
)

// BeginWriteback has the disk begin to write what there is of the file. It waits for nothing, and what fails tells Sync.
func BeginWriteback(file *os.File) {
	const write = 2 // SYNC_FILE_RANGE_WRITE
	if conn, err := file.SyscallConn(); err == nil {
		conn.Control(func(fd uintptr) { syscall.SyncFileRange(int(fd), 0, 0, write) })
	}
}
