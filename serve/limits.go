package serve

import (
	"net/http"
	"time"
)

// The limits on what a client can take up. Who sends slowly loses the connection, who sends much gets 413, who comes when too many
// are there gets 429 or waits to be accepted.
const (
	headerTime = 5 * time.Second  // to send all headers
	bodyTime   = 30 * time.Second // to send headers and body
	answerTime = 30 * time.Second // to be answered, and at the end of the server
	gateTime   = 8 * time.Second  // to be answered about gates: pollers give up after 10 s

	mostHeader      = 32 << 10
	mostBody        = 4 << 20 // a plan is some 100 kB
	mostConnections = 512
	mostRequests    = 128 // at a time; the others are told to come again
)

// bounded refuses what is over the limits before anything is read.
func (s *Server) bounded(next http.Handler) http.Handler {
	seats := make(chan struct{}, mostRequests)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case seats <- struct{}{}:
			defer func() { <-seats }()
		default:
			w.Header().Set("Retry-After", "1")
			p := tooBusy("the server answers as many requests as it can")
			s.refused(r, "", p)
			writeProblem(w, p)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, mostBody)
		next.ServeHTTP(w, r)
	})
}
