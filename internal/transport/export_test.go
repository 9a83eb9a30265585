package transport

import "time"

// Kick does what the end of a context of a Read does, as late as it likes.
func (c *Conn) Kick() { c.readLimit.kick(c) }

// Refuse has the file copied, as one is that the kernel cannot send.
func (f *File) Refuse() { f.copying = true }

// KernelError tells whether an error of a call that takes bytes from a file to a socket is the file's.
func KernelError(err error) (ofFile bool) {
	_, ofFile = kernelError(err).(*Error)
	return ofFile
}

// RingEarly does what the alarm of a write does, and the alarm itself has been.
func (c *Conn) RingEarly() {
	c.arming.Lock()
	c.noSocket.watch.alarm.stop()
	c.arming.Unlock()
	c.noSocket.watch.rung(c)
}

// AlarmOfWrites returns the timer of the alarm of writes, or nil, and AlarmOfReads that of reads.
func (c *Conn) AlarmOfWrites() *time.Timer { return c.noSocket.watch.alarm.timer }

func (c *Conn) AlarmOfReads() *time.Timer {
	if d := c.deadliner(); d != nil {
		return d.pump.alarm.timer
	}
	return nil
}
