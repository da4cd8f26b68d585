package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
)

// A world's addresses are one of 32 blocks of 4096 in 198.18.0.0/15, which is set aside for benchmarks (RFC 2544) and so
// met on no office network or VPN.
const (
	slots     = 32
	slotBits  = 20
	slotRange = 1 << (32 - slotBits)
	stateRoot = "/run/aks-delivery"
)

var firstBlock = netip.MustParseAddr("198.18.0.0")

type slot struct {
	Number int    `json:"slot"`
	Bridge string `json:"bridge"`
	Range  string `json:"range"`
	Host   string `json:"hostAddress"` // the bridge's own: what nodes and pods reach this machine by
}

// holdNetwork takes a free block of addresses and gives it a bridge, says on standard output which, and takes the bridge
// away when standard input closes. The lock is the kernel's, so it is free again however this process ends, and whoever
// takes it next clears what was left.
func holdNetwork() error {
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP)
	taken, lock, err := takeSlot()
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := createBridge(taken); err != nil {
		clearSlot(taken)
		return fmt.Errorf("create bridge %s: %w", taken.Bridge, err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(taken); err != nil {
		clearSlot(taken)
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	clearSlot(taken)
	return err
}

func takeSlot() (slot, *os.File, error) {
	if err := os.MkdirAll(stateRoot, 0o755); err != nil {
		return slot{}, nil, err
	}
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return slot{}, nil, fmt.Errorf("list routes: %w", err)
	}
	for number := range slots {
		lock, err := os.OpenFile(filepath.Join(stateRoot, fmt.Sprintf("slot-%d.lock", number)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return slot{}, nil, err
		}
		candidate := slotOf(number)
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			clearSlot(candidate)
			if !routedElsewhere(candidate, routes) {
				return candidate, lock, nil
			}
		}
		lock.Close()
	}
	return slot{}, nil, errors.New("every address block of 198.18.0.0/15 is in use")
}

func slotOf(number int) slot {
	first := firstBlock.As4()
	first[1] += byte(number / 16)
	first[2] = byte(number % 16 * 16)
	block := netip.PrefixFrom(netip.AddrFrom4(first), slotBits)
	return slot{
		Number: number,
		Bridge: fmt.Sprintf("akd%d", number),
		Range:  block.String(),
		Host:   block.Addr().Next().String(),
	}
}

// routedElsewhere tells whether this machine already reaches a part of the block through somebody else's interface.
func routedElsewhere(s slot, routes []netlink.Route) bool {
	block := netip.MustParsePrefix(s.Range)
	for _, route := range routes {
		if route.Dst == nil {
			continue
		}
		address, _ := netip.AddrFromSlice(route.Dst.IP.To4())
		ones, _ := route.Dst.Mask.Size()
		if ones == 0 || !block.Overlaps(netip.PrefixFrom(address, ones)) {
			continue
		}
		link, err := netlink.LinkByIndex(route.LinkIndex)
		if err == nil && link.Attrs().Name != s.Bridge {
			return true
		}
	}
	return false
}

func createBridge(s slot) error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = s.Bridge
	bridge := &netlink.Bridge{LinkAttrs: attributes}
	if err := netlink.LinkAdd(bridge); err != nil {
		return err
	}
	address := &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(s.Host), Mask: net.CIDRMask(24, 32)}}
	if err := netlink.AddrAdd(bridge, address); err != nil {
		return err
	}
	return netlink.LinkSetUp(bridge)
}

// clearSlot removes the bridge, with it the routes through it, and control groups that a killed world left.
func clearSlot(s slot) {
	if bridge, err := netlink.LinkByName(s.Bridge); err == nil {
		_ = netlink.LinkDel(bridge)
	}
	for _, name := range controlGroupsNamed(cgroupPrefix(s.Bridge)) {
		removeControlGroup(name)
	}
}

// cgroupPrefix begins the names of a world's control groups.
func cgroupPrefix(bridge string) string {
	return strings.Join([]string{"aks-delivery", bridge, ""}, "-")
}
