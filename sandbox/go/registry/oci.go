package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// serveOCI listens until it fails or is killed. Its first line on standard output is the address it listens at,
// so that a caller may ask for port 0.
//
// Blobs are kept in the directory of --blobs, manifests in memory: it starts empty each time.
func serveOCI(arguments []string) error {
	flags := flag.NewFlagSet("oci", flag.ContinueOnError)
	address := flags.String("listen", "127.0.0.1:0", "address and port to listen at")
	blobs := flags.String("blobs", "", "directory for blobs; empty keeps them in memory")
	certificate := flags.String("tls-cert", "", "PEM certificate file; empty serves plain HTTP")
	key := flags.String("tls-key", "", "PEM key file of --tls-cert")
	referrers := flags.Bool("referrers", true, "serve the referrers API")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if (*certificate == "") != (*key == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}

	options := []registry.Option{
		registry.WithReferrersSupport(*referrers),
		registry.Logger(log.New(os.Stderr, "", log.LstdFlags)),
	}
	if *blobs != "" {
		options = append(options, registry.WithBlobHandler(registry.NewDiskBlobHandler(*blobs)))
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())

	server := &http.Server{Handler: registry.New(options...), ReadHeaderTimeout: 10 * time.Second}
	if *certificate == "" {
		return server.Serve(listener)
	}
	return server.ServeTLS(listener, *certificate, *key)
}
