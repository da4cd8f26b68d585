package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Each node has a control group of its own for its pods, so that none of theirs is left when it is gone and no two nodes
// share one. Version 1 has a tree of groups per controller, version 2 one tree for all.
const controlRoot = "/sys/fs/cgroup"

func unified() bool {
	var stat unix.Statfs_t
	return unix.Statfs(controlRoot, &stat) == nil && stat.Type == unix.CGROUP2_SUPER_MAGIC
}

// hierarchies are the mounted trees: one, or one per controller.
func hierarchies() []string {
	if unified() {
		return []string{controlRoot}
	}
	var trees []string
	entries, _ := os.ReadDir(controlRoot)
	for _, entry := range entries {
		tree := filepath.Join(controlRoot, entry.Name())
		if _, err := os.Stat(filepath.Join(tree, "cgroup.procs")); err == nil && entry.Type()&os.ModeSymlink == 0 {
			trees = append(trees, tree)
		}
	}
	return trees
}

func placeInControlGroup(name string, pid int) error {
	for _, tree := range hierarchies() {
		group := filepath.Join(tree, name)
		if err := os.Mkdir(group, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		if filepath.Base(tree) == "cpuset" {
			// A version 1 cpuset takes no process before it has been given processors and memory.
			if err := inherit(tree, group, "cpuset.cpus", "cpuset.mems"); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644); err != nil {
			return fmt.Errorf("%s: %w", tree, err)
		}
	}
	return nil
}

func inherit(parent, child string, files ...string) error {
	for _, file := range files {
		value, err := os.ReadFile(filepath.Join(parent, file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(child, file), value, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// mountControlGroups shows the namespace's own group as the root, in the layout of the host.
func mountControlGroups() error {
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if unified() {
		if err := unix.Mount("cgroup2", controlRoot, "cgroup2", flags, ""); err != nil {
			return fmt.Errorf("mount %s: %w", controlRoot, err)
		}
		return delegate()
	}
	var mounts []struct{ tree, kind, options string }
	for _, tree := range hierarchies() {
		var stat unix.Statfs_t
		if err := unix.Statfs(tree, &stat); err != nil {
			return err
		}
		kind, options := "cgroup", filepath.Base(tree)
		switch {
		case stat.Type == unix.CGROUP2_SUPER_MAGIC:
			kind, options = "cgroup2", ""
		case options == "systemd":
			options = "none,name=systemd"
		}
		mounts = append(mounts, struct{ tree, kind, options string }{tree, kind, options})
	}
	links := linksIn(controlRoot)
	if err := unix.Mount("tmpfs", controlRoot, "tmpfs", flags, "mode=755"); err != nil {
		return fmt.Errorf("mount %s: %w", controlRoot, err)
	}
	for _, mount := range mounts {
		if err := os.Mkdir(mount.tree, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(mount.kind, mount.tree, mount.kind, flags, mount.options); err != nil {
			return fmt.Errorf("mount %s: %w", mount.tree, err)
		}
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(controlRoot, name)); err != nil {
			return err
		}
	}
	return nil
}

// linksIn finds cpu -> cpu,cpuacct and the like.
func linksIn(directory string) map[string]string {
	links := map[string]string{}
	entries, _ := os.ReadDir(directory)
	for _, entry := range entries {
		if target, err := os.Readlink(filepath.Join(directory, entry.Name())); err == nil {
			links[entry.Name()] = target
		}
	}
	return links
}

// delegate moves this process into a group below the root of a version 2 tree and hands every controller down: a group
// that holds processes itself may not give its controllers to its children ("no internal processes", cgroups(7)).
func delegate() error {
	leaf := filepath.Join(controlRoot, "supervisor")
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte("0"), 0o644); err != nil {
		return fmt.Errorf("%s: %w", leaf, err)
	}
	controllers, err := os.ReadFile(filepath.Join(controlRoot, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for _, controller := range strings.Fields(string(controllers)) {
		// Some, such as real-time ones, can't be handed down; the kubelet asks for those it needs by name.
		_ = os.WriteFile(filepath.Join(controlRoot, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
	}
	return nil
}

func controlGroupsNamed(prefix string) []string {
	found := map[string]bool{}
	for _, tree := range hierarchies() {
		matches, _ := filepath.Glob(filepath.Join(tree, prefix+"*"))
		for _, match := range matches {
			found[filepath.Base(match)] = true
		}
	}
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	return names
}

// removeControlGroup waits for the kernel to let go of processes that it is still burying.
func removeControlGroup(name string) {
	for attempt := 0; attempt < 100; attempt++ {
		left := false
		for _, tree := range hierarchies() {
			left = !removeTree(filepath.Join(tree, name)) || left
		}
		if !left {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// removeTree removes groups from the leaves up: they are not directories that can be emptied.
func removeTree(group string) bool {
	entries, err := os.ReadDir(group)
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	for _, entry := range entries {
		if entry.IsDir() {
			removeTree(filepath.Join(group, entry.Name()))
		}
	}
	err = os.Remove(group)
	return err == nil || errors.Is(err, os.ErrNotExist)
}
