package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// order is one line of standard input.
type order struct {
	Start  *startOrder  `json:"start,omitempty"`
	Signal *signalOrder `json:"signal,omitempty"`
}

type startOrder struct {
	Name    string   `json:"name"`
	Command []string `json:"command"` // the program's path first
	Env     []string `json:"env,omitempty"`
	Log     string   `json:"log"` // appended to
}

type signalOrder struct {
	Name   string `json:"name"`
	Signal int    `json:"signal"`
}

// event is one line of standard output. Of Pid, Exit and Error one is meant: started, ended, not started.
type event struct {
	Name  string `json:"name"`
	Pid   int    `json:"pid,omitempty"`
	Exit  string `json:"exit,omitempty"`
	Error string `json:"error,omitempty"`
}

// supervise starts processes until standard input closes, which is how it learns that whoever started it is gone, killed
// or not. Then everything it started ends: as process 1 of a namespace by the kernel's hand, otherwise by its own.
func supervise() error {
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)

	orders, failure := readOrders(os.Stdin)
	supervisor := &supervisor{processes: map[int]string{}, events: json.NewEncoder(os.Stdout)}
	supervisor.report(event{Name: "supervisor", Pid: os.Getpid()})
	var result error
	for running := true; running; {
		select {
		case order, open := <-orders:
			if !open {
				running, result = false, <-failure
				break
			}
			supervisor.obey(order)
		case <-children:
			supervisor.reap()
		case <-terminate:
			running = false
		}
	}
	supervisor.endAll(children)
	return result
}

func readOrders(input io.Reader) (<-chan order, <-chan error) {
	orders, failure := make(chan order), make(chan error, 1)
	go func() {
		defer close(orders)
		decoder := json.NewDecoder(bufio.NewReader(input))
		for {
			var next order
			if err := decoder.Decode(&next); err != nil {
				if errors.Is(err, io.EOF) {
					err = nil
				}
				failure <- err
				return
			}
			orders <- next
		}
	}()
	return orders, failure
}

// supervisor is used from one goroutine alone, the one that holds the main thread: a child whose parent's death is
// signalled to it is bound to the thread that started it.
type supervisor struct {
	processes map[int]string
	events    *json.Encoder
}

func (s *supervisor) report(e event) {
	// Nobody left to read it means that standard input is about to close.
	_ = s.events.Encode(e)
}

func (s *supervisor) obey(o order) {
	switch {
	case o.Start != nil:
		pid, err := start(o.Start)
		if err != nil {
			s.report(event{Name: o.Start.Name, Error: err.Error()})
			return
		}
		s.processes[pid] = o.Start.Name
		s.report(event{Name: o.Start.Name, Pid: pid})
	case o.Signal != nil:
		for pid, name := range s.processes {
			if name == o.Signal.Name {
				_ = syscall.Kill(pid, syscall.Signal(o.Signal.Signal))
			}
		}
	}
}

func start(o *startOrder) (int, error) {
	log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer nothing.Close()
	process, err := os.StartProcess(o.Command[0], o.Command, &os.ProcAttr{
		Env:   environment(o.Env),
		Files: []*os.File{nothing, log, log},
		Sys:   childAttributes(),
	})
	if err != nil {
		return 0, err
	}
	pid := process.Pid
	// reap waits for every child, whoever started it; the handle would only be in the way.
	return pid, process.Release()
}

// environment is this process's with others in place of what it has under the same names: given twice, the first would win.
func environment(others []string) []string {
	given := map[string]bool{}
	for _, entry := range others {
		name, _, _ := strings.Cut(entry, "=")
		given[name] = true
	}
	merged := append([]string{}, others...)
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); !given[name] {
			merged = append(merged, entry)
		}
	}
	return merged
}

// reap collects every child that has ended: as process 1, orphans of the whole namespace too.
func (s *supervisor) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if name, ours := s.processes[pid]; ours {
			delete(s.processes, pid)
			s.report(event{Name: name, Exit: describe(status)})
		}
	}
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "signal: " + status.Signal().String()
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}

// endAll leaves no process behind. As process 1 there is nothing to do: the kernel kills what is left of a namespace when
// its first process ends.
func (s *supervisor) endAll(children <-chan os.Signal) {
	if os.Getpid() == 1 {
		return
	}
	deadline := time.After(3 * time.Second)
	s.killAll(syscall.SIGTERM)
	for len(s.processes) > 0 {
		select {
		case <-children:
			s.reap()
		case <-deadline:
			s.killAll(syscall.SIGKILL)
			deadline = nil
		}
	}
}

// killAll signals whole process groups: every child leads one.
func (s *supervisor) killAll(signal syscall.Signal) {
	for pid := range s.processes {
		_ = syscall.Kill(-pid, signal)
	}
}
