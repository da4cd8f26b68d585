package main

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"os"
	"sync/atomic"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

type readiness struct{ value atomic.Bool }

func (r *readiness) set(value bool) { r.value.Store(value) }

// status is what /version answers: enough to tell which image serves here.
type status struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Commit      string `json:"commit"`
	Environment string `json:"environment"`
	Pod         string `json:"pod"`
}

func handler(served image, ready *readiness) http.Handler {
	pod := os.Getenv("POD_NAME")
	if pod == "" {
		pod, _ = os.Hostname()
	}
	now := status{served.Name, served.Version, served.Commit, os.Getenv("ENVIRONMENT"), pod}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if served.Fault.Mode == notReady {
			text(w, http.StatusServiceUnavailable, served.Fault.Message)
		} else if !ready.value.Load() {
			text(w, http.StatusServiceUnavailable, "stopping")
		} else {
			text(w, http.StatusOK, "ready")
		}
	})
	mux.HandleFunc("GET /version", answering(served, func(w http.ResponseWriter) { answerJSON(w, now) }))
	mux.HandleFunc("GET /api/"+served.Name, answering(served, func(w http.ResponseWriter) { answerJSON(w, served.Content) }))
	mux.HandleFunc("GET /{$}", answering(served, func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, map[string]any{"Title": served.Title, "Now": now})
	}))
	return mux
}

// answering puts the fault of a version that starts, is ready and then fails every request in front of an answer.
func answering(served image, answer func(http.ResponseWriter)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if served.Fault.Mode == http500 {
			text(w, http.StatusInternalServerError, served.Fault.Message)
			return
		}
		answer(w)
	}
}

func answerJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func text(w http.ResponseWriter, code int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(line + "\n"))
}
