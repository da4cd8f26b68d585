// Command service is the binary of the shop's three services. What tells them apart, and one version from the next, is
// the content layer of each image: /etc/service/service.json, /etc/service/content.json and, in a version that is broken on
// purpose, /etc/service/fault.json. So a new version pushes a few kilobytes and shares everything else.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// How long endpoints may still send requests after SIGTERM: Kubernetes removes a pod from its Service at the same time
// as it stops it, so a server that closes at once refuses requests that are on their way.
const drain = 2 * time.Second

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Print("service: ", err)
		os.Exit(1)
	}
}

func run() error {
	image, err := readImage(os.Getenv("SERVICE_ROOT"))
	if err != nil {
		return err
	}
	if image.Fault.Mode == crash {
		return fmt.Errorf("%s %s cannot start: %s", image.Name, image.Version, image.Fault.Message)
	}

	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	listener, err := net.Listen("tcp", address())
	if err != nil {
		return err
	}
	ready := &readiness{}
	ready.set(true)
	server := &http.Server{Handler: handler(image, ready), ReadHeaderTimeout: 5 * time.Second}
	log.Printf("%s %s listens on %s", image.Name, image.Version, listener.Addr())

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-stop.Done():
	}

	log.Print("asked to stop: not ready from now on")
	ready.set(false)
	time.Sleep(drain)
	limit, release := context.WithTimeout(context.Background(), 10*time.Second)
	defer release()
	if err := server.Shutdown(limit); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	log.Print("stopped")
	return nil
}

func address() string {
	if listen := os.Getenv("LISTEN"); listen != "" {
		return listen
	}
	return ":8080"
}
