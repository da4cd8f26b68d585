package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// nodeSpec is what a node is given at birth.
type nodeSpec struct {
	Name    string   `json:"name"`    // host name
	Bridge  string   `json:"bridge"`  // of `world network`
	Link    string   `json:"link"`    // name of the node's interface at the bridge, at most 15 characters
	Address string   `json:"address"` // CIDR
	Gateway string   `json:"gateway"`
	Routes  []string `json:"routes"` // CIDRs the host reaches through the node: its pods, its Services
	Empty   []string `json:"empty"`  // directories the node sees empty and in memory, in place of the host's
}

const isolation = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC

// enterNode runs `supervise` as process 1 of namespaces of its own, wired to the bridge, and clears the host of every trace
// when that process ends. Standard input and output are handed through.
func enterNode(arguments []string) error {
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP)
	if len(arguments) != 1 {
		return errors.New("one argument: the node's description as JSON")
	}
	var spec nodeSpec
	if err := json.Unmarshal([]byte(arguments[0]), &spec); err != nil {
		return fmt.Errorf("node description: %w", err)
	}
	group := cgroupPrefix(spec.Bridge) + spec.Link
	created, err := makeMountPoints(spec.Empty)
	defer removeMountPoints(created)
	if err != nil {
		return err
	}

	gate, release, err := os.Pipe()
	if err != nil {
		return err
	}
	child := exec.Command("/proc/self/exe", "node-init", arguments[0])
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.ExtraFiles = []*os.File{gate}
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: isolation, Pdeathsig: syscall.SIGKILL}
	if err := child.Start(); err != nil {
		return fmt.Errorf("create namespaces: %w", err)
	}
	gate.Close()
	terminateWith(child.Process)

	wiring := wire(spec, group, child.Process.Pid)
	if wiring != nil {
		_ = child.Process.Kill()
	} else if _, err := release.Write([]byte{1}); err != nil {
		wiring = err
	}
	release.Close()
	ending := child.Wait()
	unwire(spec)
	removeControlGroup(group)
	return errors.Join(wiring, ending)
}

func terminateWith(process *os.Process) {
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	go func() {
		<-terminate
		_ = process.Kill()
	}()
}

func wire(spec nodeSpec, group string, pid int) error {
	if err := placeInControlGroup(group, pid); err != nil {
		return fmt.Errorf("control group %s: %w", group, err)
	}
	bridge, err := netlink.LinkByName(spec.Bridge)
	if err != nil {
		return fmt.Errorf("bridge %s: %w", spec.Bridge, err)
	}
	removeLink(spec.Link)
	attributes := netlink.NewLinkAttrs()
	attributes.Name = spec.Link
	attributes.MasterIndex = bridge.Attrs().Index
	pair := &netlink.Veth{LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsPid(pid)}
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("link %s: %w", spec.Link, err)
	}
	if err := netlink.LinkSetUp(pair); err != nil {
		return fmt.Errorf("link %s: %w", spec.Link, err)
	}
	routes, err := routesOf(spec)
	if err != nil {
		return err
	}
	for _, route := range routes {
		if err := netlink.RouteReplace(&route); err != nil {
			return fmt.Errorf("route %s: %w", route.Dst, err)
		}
	}
	return nil
}

// unwire takes the link and the routes away. The kernel would take the link with the node's namespace, but only some time
// after its last process, and the next node wants the name.
func unwire(spec nodeSpec) {
	removeLink(spec.Link)
	routes, _ := routesOf(spec)
	for _, route := range routes {
		_ = netlink.RouteDel(&route)
	}
}

func removeLink(name string) {
	if link, err := netlink.LinkByName(name); err == nil {
		_ = netlink.LinkDel(link)
	}
}

func routesOf(spec nodeSpec) ([]netlink.Route, error) {
	via, _, err := net.ParseCIDR(spec.Address)
	if err != nil {
		return nil, err
	}
	routes := make([]netlink.Route, 0, len(spec.Routes))
	for _, text := range spec.Routes {
		_, destination, err := net.ParseCIDR(text)
		if err != nil {
			return nil, err
		}
		routes = append(routes, netlink.Route{Dst: destination, Gw: via})
	}
	return routes, nil
}

// makeMountPoints creates what is missing and tells what it created, parents first.
func makeMountPoints(directories []string) (created []string, err error) {
	for _, directory := range directories {
		switch err := os.Mkdir(directory, 0o755); {
		case err == nil:
			created = append(created, directory)
		case !errors.Is(err, os.ErrExist):
			return created, err
		}
	}
	return created, nil
}

// removeMountPoints leaves a directory that another world, or anybody, has begun to use.
func removeMountPoints(created []string) {
	for _, directory := range created {
		_ = os.Remove(directory)
	}
}

// initNode is the first process of the namespaces: it waits until it is wired, furnishes them and becomes `supervise`.
func initNode(arguments []string) error {
	var spec nodeSpec
	if err := json.Unmarshal([]byte(arguments[0]), &spec); err != nil {
		return err
	}
	gate := os.NewFile(3, "gate")
	if _, err := io.ReadFull(gate, make([]byte, 1)); err != nil {
		return errors.New("not wired")
	}
	gate.Close()
	if err := furnish(spec); err != nil {
		return err
	}
	if err := addressNode(spec); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(program, []string{"world", "supervise"}, os.Environ())
}

func furnish(spec nodeSpec) error {
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("control group namespace: %w", err)
	}
	if err := unix.Sethostname([]byte(spec.Name)); err != nil {
		return fmt.Errorf("host name: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	for _, directory := range spec.Empty {
		if err := unix.Mount("tmpfs", directory, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
			return fmt.Errorf("mount %s: %w", directory, err)
		}
	}
	if err := mountControlGroups(); err != nil {
		return err
	}
	// /proc/self/exe of the new process table is needed by whoever asks for its own path.
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}

func addressNode(spec nodeSpec) error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return err
	}
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return fmt.Errorf("eth0: %w", err)
	}
	address, err := netlink.ParseAddr(spec.Address)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, address); err != nil {
		return fmt.Errorf("address %s: %w", spec.Address, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return err
	}
	return netlink.RouteAdd(&netlink.Route{Gw: net.ParseIP(spec.Gateway), LinkIndex: link.Attrs().Index})
}

// canIsolate fails where the kernel or a container's limits would refuse a node.
func canIsolate() error {
	attempt := exec.Command("/proc/self/exe", "nothing")
	attempt.SysProcAttr = &syscall.SysProcAttr{Cloneflags: isolation | syscall.CLONE_NEWCGROUP}
	if err := attempt.Run(); err != nil {
		return fmt.Errorf("namespaces: %w", err)
	}
	if len(hierarchies()) == 0 {
		return errors.New("no control groups")
	}
	for _, tree := range hierarchies() {
		group := filepath.Join(tree, fmt.Sprintf("aks-delivery-probe-%d", os.Getpid()))
		if err := os.Mkdir(group, 0o755); err != nil {
			return fmt.Errorf("control groups: %w", err)
		}
		_ = os.Remove(group)
	}
	return nil
}
