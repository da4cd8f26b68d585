package main

import (
	"runtime"
	"syscall"
)

// The main goroutine keeps the main thread: namespaces and the parent-death signal belong to threads, not processes.
func init() { runtime.LockOSThread() }

func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
