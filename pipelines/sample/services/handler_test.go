package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func ask(t *testing.T, served image, path string) *httptest.ResponseRecorder {
	t.Helper()
	ready := &readiness{}
	ready.set(true)
	answer := httptest.NewRecorder()
	handler(served, ready).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

func healthy() image {
	return image{Name: "catalog", Title: "Catalog", Version: "1.2.0", Commit: "abc", Content: json.RawMessage(`[{"id":1}]`)}
}

func TestHealthyVersionAnswers(t *testing.T) {
	for path, wanted := range map[string]string{
		"/healthz": "ok", "/readyz": "ready", "/version": `"version":"1.2.0"`, "/": "<dd>1.2.0</dd>", "/api/catalog": `"id":1`,
	} {
		answer := ask(t, healthy(), path)
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), wanted) {
			t.Errorf("%s: %d %s", path, answer.Code, answer.Body)
		}
	}
}

func TestFaultsAreSeenWhereTheyShould(t *testing.T) {
	for mode, wanted := range map[string]map[string]int{
		notReady: {"/healthz": 200, "/readyz": 503, "/version": 200},
		http500:  {"/healthz": 200, "/readyz": 200, "/version": 500, "/": 500},
	} {
		broken := healthy()
		broken.Fault = fault{Mode: mode, Message: "on purpose"}
		for path, code := range wanted {
			if answer := ask(t, broken, path); answer.Code != code {
				t.Errorf("%s %s: %d, not %d", mode, path, answer.Code, code)
			}
		}
	}
}

func TestImageIsReadFromItsFiles(t *testing.T) {
	root := t.TempDir()
	directory := filepath.Join(root, "etc/service")
	if err := os.MkdirAll(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("service.json", `{"name":"orders","version":"3"}`)
	write("content.json", `{}`)
	if read, err := readImage(root); err != nil || read.Name != "orders" || read.Fault.Mode != "" {
		t.Fatalf("%+v %v", read, err)
	}
	write("fault.json", `{"mode":"somehow"}`)
	if _, err := readImage(root); err == nil || !strings.Contains(err.Error(), "somehow") {
		t.Fatalf("an unknown fault was taken: %v", err)
	}
}
