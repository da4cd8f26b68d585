// Command subject is what gates judge in tests: a small service, and the Jobs that pass, fail and hang. Its first
// argument says which.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	mode := "serve"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	switch mode {
	case "serve":
		serve(stop)
	case "pass":
		fmt.Println("3 of 3 passed with", os.Getenv("GREETING"))
		fmt.Println("##vso[task.complete result=Failed]injected")
	case "fail":
		fmt.Println("1 of 3 failed")
		os.Exit(3)
	case "junit":
		fmt.Println("running")
		fmt.Println(`<testsuites><testsuite name="s" tests="2"><testcase name="a"/><testcase name="b"><failure message="no"/></testcase></testsuite></testsuites>`)
	case "hang":
		fmt.Println("hanging")
		<-stop.Done()
	}
}

func serve(stop context.Context) {
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{
			"method": r.Method, "authorization": r.Header.Get("Authorization"), "path": r.URL.String(),
		})
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "##vso[task.setvariable variable=x]no stock", http.StatusInternalServerError)
	})
	mux.HandleFunc("/flaky", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1)%2 == 1 {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "now")
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(300 * time.Millisecond)
		fmt.Fprintln(w, "slow")
	})
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { os.Exit(1) })
	server := &http.Server{Addr: ":8080", Handler: mux}
	if address := os.Getenv("LISTEN"); address != "" {
		server.Addr = address
	}
	go func() {
		<-stop.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		panic(err)
	}
}
