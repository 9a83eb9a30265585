package main

// h2Jobs are jobs over streams of HTTP/2 (RFC 8441), beside the same over TLS alone.
var h2Jobs = overHTTP2()

func overHTTP2() (all []job) {
	for _, name := range []string{"get", "put", "echo64", "echo64x64"} {
		j := named(tlsJobs, "t"+name)[0]
		all = append(all, j)
		j.Name, j.What, j.HTTP2 = "h2"+name, named(mainJobs, name)[0].What+", over HTTP/2", true
		all = append(all, j)
	}
	return append(all,
		job{Name: "t1idle", What: "1,000 idle connections behind net/http, over TLS", Kind: idle, TLS: true, Size: 64, Conns: 1000, InFlight: 1},
		job{Name: "h2idle", What: "1,000 idle connections over 4 of HTTP/2", Kind: idle, TLS: true, HTTP2: true, Size: 64, Conns: 1000, InFlight: 1},
	)
}
