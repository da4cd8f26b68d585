// Command kustomize builds one kustomization as `kustomize build` does and answers in JSON: the upstream library, with
// everything refused that would leave the machine or start a program.
//
// It reads a request from standard input, files through WASI, and writes an answer to standard output; what Kustomize
// warns of goes to standard error, as ever.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

type request struct {
	Directory string `json:"directory"`
}

type answer struct {
	Manifests string   `json:"manifests"`
	Failure   *failure `json:"failure,omitempty"`
}

// failure says why the build stopped. Kind is "remote", "helm" or empty. Secrets are texts that may be in the message and
// must not be shown.
type failure struct {
	Kind    string   `json:"kind"`
	File    string   `json:"file"`
	Entry   string   `json:"entry"`
	Message string   `json:"message"`
	Secrets []string `json:"secrets"`
}

func main() {
	http.DefaultTransport = offline{}
	var asked request
	var given answer
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		given.Failure = &failure{Message: err.Error()}
	} else {
		given = build(asked)
	}
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	if err := output.Encode(given); err != nil {
		os.Exit(1)
	}
}

func build(asked request) (given answer) {
	files := &guarded{FileSystem: filesys.MakeFsOnDisk(), secretFiles: map[string]bool{}}
	defer func() {
		if thrown := recover(); thrown != nil {
			given = answer{Failure: &failure{Message: fmt.Sprint(thrown)}}
		}
		if given.Failure != nil {
			given.Failure.Secrets = files.secrets
		}
	}()
	options := krusty.MakeDefaultOptions()
	// As the program does when it is told nothing: in the legacy order, unless the kustomization asks for another.
	options.Reorder = krusty.ReorderOptionUnspecified
	resources, err := krusty.MakeKustomizer(options).Run(files, asked.Directory)
	if files.refused != nil {
		return answer{Failure: files.refused}
	}
	if err != nil {
		return answer{Failure: &failure{Message: err.Error()}}
	}
	manifests, err := resources.AsYaml()
	if err != nil {
		return answer{Failure: &failure{Message: err.Error()}}
	}
	return answer{Manifests: string(manifests)}
}

// offline answers for the network: a file that a kustomization names by URL is not fetched.
type offline struct{}

func (offline) RoundTrip(asked *http.Request) (*http.Response, error) {
	return nil, errors.New("a remote file is not fetched: " + asked.URL.Host)
}
