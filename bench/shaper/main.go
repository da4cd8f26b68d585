// Command shaper relays TCP connections over a link of limited rate and with delay, as an agent sees a registry.
//
//	shaper --to HOST:PORT --rate BITS_PER_SECOND --delay DURATION
//
// Each direction has the rate for all its connections together, and half of the delay: a request and its answer take
// the whole of it. The first line on standard output is the address it listens at.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"sync"
	"time"
)

// link is one direction: bytes leave it one after the other, at its rate.
type link struct {
	mutex sync.Mutex
	free  time.Time
	rate  float64 // bytes per second
}

// pass waits until the bytes have gone over the link.
func (l *link) pass(bytes int) {
	l.mutex.Lock()
	now := time.Now()
	if l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(bytes) / l.rate * float64(time.Second)))
	wait := l.free.Sub(now)
	l.mutex.Unlock()
	// Sleeping has a grain of about a millisecond: less than that is waited for together with what comes next.
	if wait > time.Millisecond {
		time.Sleep(wait)
	}
}

type piece struct {
	bytes []byte
	due   time.Time
}

func main() {
	to := flag.String("to", "", "address to relay to")
	rate := flag.Float64("rate", 1e9, "bits per second in each direction")
	delay := flag.Duration("delay", 20*time.Millisecond, "added to a request and its answer together")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	up, down := &link{rate: *rate / 8}, &link{rate: *rate / 8}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		server, err := net.Dial("tcp", *to)
		if err != nil {
			client.Close()
			continue
		}
		go relay(client, server, up, *delay/2)
		go relay(server, client, down, *delay/2)
	}
}

// relay carries one direction of one connection until either end closes it.
func relay(from, to net.Conn, over *link, delay time.Duration) {
	// What may be on its way at once: the rate times the delay, and some more.
	pieces := make(chan piece, 64)
	go func() {
		defer close(pieces)
		for {
			buffer := make([]byte, 64*1024)
			count, err := from.Read(buffer)
			if count > 0 {
				pieces <- piece{buffer[:count], time.Now().Add(delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	for next := range pieces {
		over.pass(len(next.bytes))
		if wait := time.Until(next.due); wait > 0 {
			time.Sleep(wait)
		}
		if _, err := to.Write(next.bytes); err != nil {
			break
		}
	}
	to.Close()
	from.Close()
	for range pieces {
	}
}
