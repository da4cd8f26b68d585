package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"
)

// layer is one source of values. Its text is a YAML document (Name says whose) or an expression of Helm's --set flags.
type layer struct {
	As   string `json:"as"`
	Name string `json:"name"`
	Text string `json:"text"`
	// Secret says that no part of it may be shown.
	Secret bool `json:"secret"`
}

// mergeLayers is Helm's cli/values.MergeValues, except that layers win in the order they were given in.
func mergeLayers(layers []layer, keep func(secrets []string)) (map[string]any, error) {
	merged := map[string]any{}
	for _, each := range layers {
		var err error
		if each.Secret {
			// By itself, for its own values; what cannot be read by itself is named without the reason, which may quote it.
			own, err := addLayer(map[string]any{}, each)
			if err != nil {
				return nil, errors.New(each.Name + " cannot be read")
			}
			keep(secretsOf(own, true))
		}
		merged, err = addLayer(merged, each)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", each.Name, err)
		}
	}
	return merged, nil
}

func addLayer(base map[string]any, each layer) (map[string]any, error) {
	switch each.As {
	case "yaml":
		values, err := loader.LoadValues(strings.NewReader(each.Text))
		if err != nil {
			return nil, err
		}
		return loader.MergeMaps(base, values), nil
	case "json":
		if text := strings.TrimSpace(each.Text); strings.HasPrefix(text, "{") {
			var values map[string]any
			if err := json.Unmarshal([]byte(text), &values); err != nil {
				return nil, errors.New("is not JSON")
			}
			return loader.MergeMaps(base, values), nil
		}
		return base, strvals.ParseJSON(each.Text, base)
	case "typed":
		return base, strvals.ParseInto(each.Text, base)
	case "string":
		return base, strvals.ParseIntoString(each.Text, base)
	case "literal":
		return base, strvals.ParseLiteralInto(each.Text, base)
	case "file":
		return base, strvals.ParseIntoFile(each.Text, base, func(path []rune) (any, error) {
			content, err := os.ReadFile(string(path))
			return string(content), err
		})
	default:
		return nil, fmt.Errorf("unknown form of values %q", each.As)
	}
}
