// Package metrics tells Prometheus what becomes of the connections of clients.
package metrics

import (
	"errors"
	"net"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/stream"
)

// Metrics are those of the connections of clients.
type Metrics struct {
	registry                      *prometheus.Registry
	open                          *prometheus.GaugeVec
	frames, bytes, ended, refused *prometheus.CounterVec
}

// New returns metrics that count from 0 on.
func New() *Metrics {
	registry := prometheus.NewRegistry()
	with := promauto.With(registry)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return with.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return &Metrics{
		registry: registry,
		open:     with.NewGaugeVec(prometheus.GaugeOpts{Name: "relay_connections", Help: "Open connections."}, []string{"client"}),
		frames:   counter("relay_frames_total", "Frames received and sent, pings and the like among them.", "client", "direction"),
		bytes:    counter("relay_payload_bytes_total", "Bytes of payload, as headers of frames announce them.", "client", "direction"),
		ended:    counter("relay_ended_total", "Connections that have ended, by the client's close code or what else it was.", "client", "how"),
		refused:  counter("relay_refused_total", "Requests that were refused, by status.", "status"),
	}
}

// Handler returns what shows the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Refuse counts a request that was refused.
func (m *Metrics) Refuse(status int) { m.refused.WithLabelValues(strconv.Itoa(status)).Inc() }

// Trace returns what counts a connection of the client.
func (m *Metrics) Trace(client string) *stream.Trace {
	count := func(direction string) func(frame.Header) {
		frames, bytes := m.frames.WithLabelValues(client, direction), m.bytes.WithLabelValues(client, direction)
		return func(h frame.Header) {
			frames.Inc()
			bytes.Add(float64(h.Length))
		}
	}
	return &stream.Trace{
		Opened:        func(stream.Handshake) { m.open.WithLabelValues(client).Inc() },
		FrameReceived: count("in"),
		FrameSent:     count("out"),
		Ended: func(s stream.Summary) {
			m.open.WithLabelValues(client).Dec()
			m.ended.WithLabelValues(client, how(s.Err)).Inc()
		},
	}
}

// how returns a label for an end. Clients choose codes; those of their own are one label.
func how(err error) string {
	var late net.Error
	switch code := stream.CloseCode(err); {
	case code >= 3000:
		return "private"
	case code != 0:
		return strconv.Itoa(int(code))
	case errors.As(err, &late) && late.Timeout():
		return "timeout"
	case errors.Is(err, net.ErrClosed):
		return "relay"
	}
	return "lost"
}
