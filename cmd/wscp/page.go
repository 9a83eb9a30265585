package main

import (
	"net/http"
	"os"
)

// servePage answers a request that is no handshake of WebSocket.
func (s *server) servePage(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		s.reject(w, r, http.StatusMethodNotAllowed, "files are read with GET, and put with wscp put")
		return
	}
	name, err := localName(r.URL.Path)
	if err != nil {
		s.reject(w, r, http.StatusNotFound, err.Error())
		return
	}
	src, err := open(name, s.root.Stat, s.open)
	if err != nil {
		s.reject(w, r, http.StatusNotFound, err.Error())
		return
	}
	defer src.Close()
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Disposition", "attachment")
	http.ServeContent(w, r, name, src.info.ModTime(), src)
}

// open opens a file to be read.
func (s *server) open(name string) (*os.File, error) {
	return s.root.OpenFile(name, os.O_RDONLY|largeFile, 0)
}
