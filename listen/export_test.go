package listen

// Known returns how many connections l keeps track of.
func (l *Listener[M]) Known() int {
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	return len(l.server.peers)
}
