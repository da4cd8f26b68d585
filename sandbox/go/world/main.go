// Command world is the local world's Kubernetes and the few things around it in one binary, because the components share
// most of their code: etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kubectl everywhere, kubelet and
// kube-proxy on Linux. Each takes upstream's own flags.
//
//	world COMPONENT [flags]     or, by a symbolic link named after it,     COMPONENT [flags]
//
// so that a directory of links is what KUBEBUILDER_ASSETS wants. Beside the components:
//
//	world supervise     starts processes as told on standard input; all of them end when it closes
//	world network       holds a bridge for nodes until standard input closes (Linux, root)
//	world node SPEC     supervise, in namespaces of its own on that bridge (Linux, root)
//	world can-isolate   succeeds where node would
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// components holds constructors: building two of these commands in one process panics, because they register the same
// feature gates.
var components = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
}

// verbs are the commands that are ours.
var verbs = map[string]func(arguments []string) error{
	"supervise": func([]string) error { return supervise() },
}

func main() {
	arguments := os.Args
	if !known(filepath.Base(arguments[0])) {
		arguments = arguments[1:]
	}
	if len(arguments) == 0 || !known(filepath.Base(arguments[0])) {
		names := append(slices.Collect(maps.Keys(components)), slices.Collect(maps.Keys(verbs))...)
		names = append(names, "etcd")
		slices.Sort(names)
		fmt.Fprintln(os.Stderr, "usage: world COMPONENT [flags]; components:", strings.Join(names, ", "))
		os.Exit(2)
	}
	run(filepath.Base(arguments[0]), arguments)
}

func known(name string) bool {
	_, component := components[name]
	_, verb := verbs[name]
	return component || verb || name == "etcd"
}

func run(name string, arguments []string) {
	// Both etcd and kubectl look at os.Args themselves.
	os.Args = arguments
	if name == "etcd" {
		etcdmain.Main(arguments)
		return
	}
	if verb, ok := verbs[name]; ok {
		if err := verb(arguments[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "world %s: %v\n", name, err)
			os.Exit(1)
		}
		return
	}
	command := components[name]()
	command.SetArgs(arguments[1:])
	os.Exit(cli.Run(command))
}
