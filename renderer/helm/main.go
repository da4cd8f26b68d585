// Command helm renders one chart as `helm template` does and answers in JSON. It is the upstream library with the parts
// around it that talk to clusters, registries and repositories left out: what those parts of Helm's command line do
// between the library's calls is done here, in the same order (pkg/cmd/install.go, pkg/action/install.go of Helm).
//
// It reads a request from standard input, files through WASI, and writes an answer to standard output.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

type request struct {
	// Chart is the path of a directory or an archive.
	Chart                string   `json:"chart"`
	Release              release  `json:"release"`
	Values               []layer  `json:"values"`
	KubeVersion          string   `json:"kubeVersion"`
	APIVersions          []string `json:"apiVersions"`
	SkipSchemaValidation bool     `json:"skipSchemaValidation"`
}

type release struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Revision  int    `json:"revision"`
	IsUpgrade bool   `json:"isUpgrade"`
}

type answer struct {
	Chart     *chartName `json:"chart,omitempty"`
	CRDs      string     `json:"crds"`
	Manifests string     `json:"manifests"`
	Hooks     []hook     `json:"hooks"`
	Notes     string     `json:"notes"`
	Warnings  []string   `json:"warnings"`
	Failure   *failure   `json:"failure,omitempty"`
}

type chartName struct {
	Name       string `json:"name"`
	Version    string `json:"version"`
	AppVersion string `json:"appVersion,omitempty"`
}

type hook struct {
	Kind           string   `json:"kind"`
	Name           string   `json:"name"`
	Path           string   `json:"path"`
	Manifest       string   `json:"manifest"`
	Events         []string `json:"events"`
	Weight         int      `json:"weight"`
	DeletePolicies []string `json:"deletePolicies"`
}

// failure says in which step the rendering stopped and why, in Helm's words. Secrets are texts that may be in the message
// and must not be shown.
type failure struct {
	Step    step     `json:"step"`
	Message string   `json:"message"`
	Secrets []string `json:"secrets"`
}

type step string

const (
	stepChart        step = "chart"
	stepValues       step = "values"
	stepRelease      step = "release"
	stepDependencies step = "dependencies"
	stepKubeVersion  step = "kubeVersion"
	stepSchema       step = "schema"
	stepTemplate     step = "template"
	stepManifest     step = "manifest"
	stepDefect       step = "defect"
)

func main() {
	collected := collectWarnings()
	var asked request
	var given answer
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		given.Failure = &failure{Step: stepDefect, Message: err.Error()}
	} else {
		given = answerTo(asked)
	}
	given.Warnings = append([]string{}, collected.lines...)
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	if err := output.Encode(given); err != nil {
		os.Exit(1)
	}
}

// answerTo never panics: what the library throws on an odd chart is a failure to render it.
func answerTo(asked request) (given answer) {
	var secrets []string
	defer func() {
		if thrown := recover(); thrown != nil {
			given = answer{Failure: &failure{Step: stepDefect, Message: fmt.Sprint(thrown)}}
		}
		if given.Failure != nil {
			given.Failure.Secrets = secrets
		}
	}()
	given, failed := render(asked, func(texts []string) { secrets = append(secrets, texts...) })
	given.Failure = failed
	return given
}
