package main

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/errors"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// guarded looks at every kustomization file before Kustomize does, so that what is refused is refused by name.
type guarded struct {
	filesys.FileSystem
	refused *failure
	// What secret generators take their values from.
	secretFiles map[string]bool
	secrets     []string
}

var errRefused = errors.Errorf("refused")

func (g *guarded) ReadFile(name string) ([]byte, error) {
	content, err := g.FileSystem.ReadFile(name)
	if g.secretFiles[name] {
		g.secrets = append(g.secrets, strings.Split(string(content), "\n")...)
		g.keepPairs(strings.Split(string(content), "\n"))
	}
	if err != nil || !slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(name)) {
		return content, err
	}
	var kustomization types.Kustomization
	if kustomization.Unmarshal(content) != nil {
		// Kustomize says better what is wrong with it.
		return content, nil
	}
	kustomization.FixKustomization()
	g.keepSecrets(path.Dir(name), kustomization)
	if g.refused == nil {
		g.refused = g.refusal(name, kustomization)
	}
	if g.refused != nil {
		return nil, errRefused
	}
	return content, nil
}

func (g *guarded) keepSecrets(directory string, kustomization types.Kustomization) {
	for _, generator := range kustomization.SecretGenerator {
		g.secrets = append(g.secrets, generator.LiteralSources...)
		g.keepPairs(generator.LiteralSources)
		for _, source := range slices.Concat(generator.FileSources, generator.EnvSources) {
			if _, file, named := strings.Cut(source, "="); named {
				source = file
			}
			g.secretFiles[path.Join(directory, source)] = true
		}
	}
}

func (g *guarded) keepPairs(pairs []string) {
	for _, pair := range pairs {
		if _, value, found := strings.Cut(pair, "="); found {
			g.secrets = append(g.secrets, value)
		}
	}
}

func (g *guarded) refusal(name string, kustomization types.Kustomization) *failure {
	if len(kustomization.HelmCharts) > 0 {
		return &failure{Kind: "helm", File: name, Entry: kustomization.HelmCharts[0].Name}
	}
	for _, entries := range [][]string{
		kustomization.Resources, kustomization.Components, kustomization.Crds, kustomization.Configurations,
		kustomization.Generators, kustomization.Transformers, kustomization.Validators,
	} {
		for _, entry := range entries {
			if isRemote(entry) && !g.Exists(path.Join(path.Dir(name), entry)) {
				return &failure{Kind: "remote", File: name, Entry: entry}
			}
		}
	}
	return nil
}

// The forms that Kustomize takes for a repository or a URL (api/internal/git/repospec.go): a scheme, user@host:path,
// and a host without a scheme, of which it knows github.com, or a path with .git or a query.
var remote = regexp.MustCompile(`(?i)^(git::|gh:|git@|[a-z][a-z0-9+.-]*://|[^/@]+@[^/:]+:|github\.com[/:])|\.git(/|\?|$)|\?(ref|version|timeout|submodules)=`)

func isRemote(entry string) bool {
	return remote.MatchString(entry) && !strings.Contains(entry, "\n")
}
