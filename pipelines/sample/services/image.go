package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The ways in which a version can be broken on purpose.
const (
	crash    = "crash"
	notReady = "not-ready"
	http500  = "http-500"
)

type fault struct {
	Mode    string `json:"mode"`
	Message string `json:"message"`
}

// image is what the image says of itself: which service, which version, built from what.
type image struct {
	Name    string          `json:"name"`
	Title   string          `json:"title"`
	Version string          `json:"version"`
	Commit  string          `json:"commit"`
	Content json.RawMessage `json:"-"`
	Fault   fault           `json:"-"`
}

// readImage reads etc/service below root ("" is the container's own root).
func readImage(root string) (image, error) {
	directory := filepath.Join(root, "/etc/service")
	var read image
	if err := readJSON(filepath.Join(directory, "service.json"), &read); err != nil {
		return image{}, err
	}
	if err := readJSON(filepath.Join(directory, "content.json"), &read.Content); err != nil {
		return image{}, err
	}
	err := readJSON(filepath.Join(directory, "fault.json"), &read.Fault)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return image{}, err
	}
	switch read.Fault.Mode {
	case "", crash, notReady, http500:
		return read, nil
	default:
		return image{}, fmt.Errorf("fault.json: %q is not a way to fail", read.Fault.Mode)
	}
}

func readJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
