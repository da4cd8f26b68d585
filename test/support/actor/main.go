// Command actor plays the part that its first argument names, for tests of what a deployment makes of it:
//
//	serve            answers 200 at every path (the default); the environment's GREETING is in the answer
//	unready          answers 503 at every path
//	crash MESSAGE    writes the message and ends with code 3
//	finish CODE      ends with the code at once
//	sleep            does nothing until it is stopped
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

func main() {
	part, argument := "serve", ""
	if len(os.Args) > 1 {
		part = os.Args[1]
	}
	if len(os.Args) > 2 {
		argument = os.Args[2]
	}
	switch part {
	case "serve":
		serve(http.StatusOK)
	case "unready":
		serve(http.StatusServiceUnavailable)
	case "crash":
		fmt.Println("starting")
		fmt.Println(argument)
		os.Exit(3)
	case "finish":
		code, err := strconv.Atoi(argument)
		if err != nil {
			panic(err)
		}
		fmt.Println("finishing with", code)
		os.Exit(code)
	case "sleep":
		stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer cancel()
		<-stop.Done()
	default:
		panic("no such part: " + part)
	}
}

func serve(status int) {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	server := &http.Server{Addr: ":8080", Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintln(w, "hello", os.Getenv("GREETING"))
	})}
	go func() {
		<-stop.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		panic(err)
	}
}
