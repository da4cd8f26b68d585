// Command registry is two real OCI registries in one binary.
//
//	registry serve CONFIG    CNCF Distribution, as upstream: the same command, the same configuration file.
//	                         Storage drivers: filesystem, inmemory. Authentication: token, none.
//	                         It has no referrers API: clients must take the tag-schema fallback.
//	registry oci [flags]     go-containerregistry's registry, with the referrers API.
//
// Storage drivers of the clouds are left out: they are most of upstream's compile time and nothing here could use them.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/token"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
)

func main() {
	exitWithParent()
	if len(os.Args) > 1 && os.Args[1] == "oci" {
		if err := serveOCI(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "registry oci:", err)
			os.Exit(1)
		}
		return
	}
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}

// exitWithParent ends the process when standard input closes, which is how it learns that whoever started it is gone,
// killed or not. Only on request: a registry started by hand may well have no standard input.
func exitWithParent() {
	if os.Getenv("EXIT_WITH_PARENT") == "" {
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
}
