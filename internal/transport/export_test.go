package transport

import "io"

// Kick does what the end of a context of a Read does, as late as it likes.
func (c *Conn) Kick() { c.readLimit.kick(c) }

// Refuse has the file copied, as one is that the kernel cannot send.
func (f *File) Refuse() { f.copying = true }

// KernelError tells whether an error of a call that takes bytes from a file to a socket is the file's.
func KernelError(err error) (ofFile bool) {
	_, ofFile = kernelError(err).(*Error)
	return ofFile
}

// A Deadliner gives deadlines to a transport without any.
type Deadliner = deadliner

// Fire does what the timer of a write does.
func (t *deadliner) Fire() { t.giveUp() }

// StopTimer lets the timer of the write that is under way be over.
func (t *deadliner) StopTimer() {
	t.writes.Lock()
	defer t.writes.Unlock()
	t.lateness.stop()
}

// NewDeadliner returns one that ends a late write with cut.
func NewDeadliner(rwc io.ReadWriteCloser, cut func()) *Deadliner {
	return newDeadliner(rwc, cut)
}
