package main

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	helmrelease "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

const notesFile = "NOTES.txt"

// render hands keep what no message may hold, as it becomes known.
func render(asked request, keep func(secrets []string)) (answer, *failure) {
	var given answer
	values, err := mergeLayers(asked.Values, keep)
	keep(secretsOf(values, false))
	if err != nil {
		return given, &failure{Step: stepValues, Message: err.Error()}
	}
	loaded, err := load(asked.Chart)
	if err != nil {
		return given, &failure{Step: stepChart, Message: err.Error()}
	}
	keep(longTexts(secretsOf(loaded.Values, false)))
	given.Chart = &chartName{loaded.Name(), loaded.Metadata.Version, loaded.Metadata.AppVersion}
	if err := checkDependencies(loaded); err != nil {
		return given, &failure{Step: stepDependencies, Message: err.Error()}
	}
	if err := chartutil.ValidateReleaseName(asked.Release.Name); err != nil {
		return given, &failure{Step: stepRelease, Message: err.Error()}
	}
	if err := chartutil.ProcessDependencies(loaded, values); err != nil {
		return given, &failure{Step: stepDependencies, Message: err.Error()}
	}
	capabilities, err := capabilitiesOf(asked)
	if err != nil {
		return given, &failure{Step: stepKubeVersion, Message: err.Error()}
	}
	options := common.ReleaseOptions{
		Name:      asked.Release.Name,
		Namespace: asked.Release.Namespace,
		Revision:  asked.Release.Revision,
		IsInstall: !asked.Release.IsUpgrade,
		IsUpgrade: asked.Release.IsUpgrade,
	}
	scope, err := util.ToRenderValuesWithSchemaValidation(loaded, values, options, capabilities, asked.SkipSchemaValidation)
	if err != nil {
		return given, &failure{Step: stepSchema, Message: err.Error()}
	}
	if wanted := loaded.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, capabilities.KubeVersion.String()) {
		return given, &failure{Step: stepKubeVersion, Message: fmt.Sprintf(
			"chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wanted, capabilities.KubeVersion.Version)}
	}
	files, err := engine.Engine{}.Render(loaded, scope)
	if err != nil {
		return given, &failure{Step: stepTemplate, Message: err.Error()}
	}
	given.Notes = takeNotes(files, loaded.Name())
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return given, &failure{Step: stepManifest, Message: err.Error()}
	}
	given.CRDs, given.Manifests = textOfCRDs(loaded), textOfManifests(manifests)
	given.Hooks = describe(hooks)
	return given, nil
}

func load(name string) (*chart.Chart, error) {
	loaded, err := loader.Load(name)
	if err != nil {
		return nil, err
	}
	if version := loaded.Metadata.APIVersion; version != chart.APIVersionV1 && version != chart.APIVersionV2 {
		return nil, fmt.Errorf("chart apiVersion %q is not supported", version)
	}
	if kind := loaded.Metadata.Type; kind != "" && kind != "application" {
		return nil, fmt.Errorf("%s charts are not installable", kind)
	}
	if loaded.Metadata.Deprecated {
		warn("this chart is deprecated")
	}
	return loaded, nil
}

// checkDependencies is Helm's action.CheckDependencies.
func checkDependencies(loaded *chart.Chart) error {
	present := map[string]bool{}
	for _, dependency := range loaded.Dependencies() {
		present[dependency.Name()] = true
	}
	var missing []string
	for _, wanted := range loaded.Metadata.Dependencies {
		if !present[wanted.Name] {
			missing = append(missing, wanted.Name)
		}
	}
	if len(missing) > 0 {
		return errors.New("found in Chart.yaml, but missing in charts/ directory: " + strings.Join(missing, ", "))
	}
	return nil
}

func capabilitiesOf(asked request) (*common.Capabilities, error) {
	capabilities := common.DefaultCapabilities.Copy()
	if asked.KubeVersion != "" {
		version, err := common.ParseKubeVersion(asked.KubeVersion)
		if err != nil {
			return nil, fmt.Errorf("invalid kube version '%s': %w", asked.KubeVersion, err)
		}
		capabilities.KubeVersion = *version
	}
	capabilities.APIVersions = append(capabilities.APIVersions, asked.APIVersions...)
	return capabilities, nil
}

// takeNotes takes the notes of the chart and of its subcharts out of the files, for they are no manifests.
func takeNotes(files map[string]string, name string) string {
	notes := files[path.Join(name, "templates", notesFile)]
	for file := range files {
		if strings.HasSuffix(file, notesFile) {
			delete(files, file)
		}
	}
	return notes
}

func textOfCRDs(loaded *chart.Chart) string {
	var text bytes.Buffer
	for _, crd := range loaded.CRDObjects() {
		fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", crd.Filename, crd.File.Data)
	}
	return text.String()
}

func textOfManifests(manifests []releaseutil.Manifest) string {
	var text bytes.Buffer
	for _, manifest := range manifests {
		fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", manifest.Name, manifest.Content)
	}
	return text.String()
}

func describe(hooks []*helmrelease.Hook) []hook {
	described := make([]hook, 0, len(hooks))
	for _, each := range hooks {
		described = append(described, hook{
			Kind:           each.Kind,
			Name:           each.Name,
			Path:           each.Path,
			Manifest:       each.Manifest,
			Events:         texts(each.Events),
			Weight:         each.Weight,
			DeletePolicies: texts(each.DeletePolicies),
		})
	}
	return described
}

func texts[T ~string](values []T) []string {
	plain := make([]string, 0, len(values))
	for _, value := range values {
		plain = append(plain, string(value))
	}
	return plain
}
