package main

// tlsJobs are the main jobs over TLS 1.3.
var tlsJobs = overTLS()

func overTLS() []job {
	all := named(mainJobs, "get", "put", "cget", "cput", "echo64", "echo64x64", "echo1k", "echo64k", "fanout", "shake")
	for i := range all {
		all[i].Name, all[i].What, all[i].TLS = "t"+all[i].Name, all[i].What+", over TLS", true
	}
	return append(all,
		job{Name: "tidle", What: "2,000 idle connections behind net/http, over TLS", Kind: idle, TLS: true, Size: 64, Conns: 2000, InFlight: 1},
		job{Name: "tidleown", What: "2,000 idle connections at the library's own server, over TLS", Kind: idle, TLS: true, Own: true, Size: 64, Conns: 2000, InFlight: 1},
		job{Name: "tidle64k", What: "2,000 idle connections behind net/http that have sent and received 64 KiB, over TLS", Kind: idle, TLS: true, Size: 64 << 10, Conns: 2000, InFlight: 1},
	)
}
