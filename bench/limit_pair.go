package main

// converse answers all frames that have come whole with one system call.
func (c *limitConn) converse(next func([]byte) ([]byte, error)) error {
	in := make([]byte, int64(c.job.InFlight)*(c.job.Size+maxHeader))
	out := make([]byte, len(in))
	for have := 0; ; {
		n, err := c.Read(in[have:])
		if err != nil {
			return err
		}
		data, answer := in[:have+n], out[:0]
		for {
			frame, n := parse(data)
			if n == 0 || int64(len(data)-n) < frame.length {
				break
			}
			end := n + int(frame.length)
			p, err := next(data[n:end])
			if err != nil {
				return err
			}
			if p != nil {
				answer = appendMasked(answer, p)
			}
			data = data[end:]
		}
		have = copy(in, data)
		if len(answer) > 0 {
			if _, err := c.Write(answer); err != nil {
				return err
			}
		}
	}
}

// appendMasked appends a frame with payload p to b, which has room for it.
func appendMasked(b, p []byte) []byte {
	h := header{first: fin | opBinary, masked: true, key: [4]byte{1, 2, 3, 4}, length: int64(len(p))}
	b = h.append(b)
	n := len(b)
	b = b[:n+len(p)]
	xor(b[n:], p, h.key, 0)
	return b
}
