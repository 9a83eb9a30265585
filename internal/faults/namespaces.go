//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A host is one of the two of a network: a namespace with the device "eth0", whose other end is that of the other host.
type host struct {
	namespace string
	address   netip.Addr
}

// All networks have the same addresses, as they know nothing of each other.
var (
	clientAddress = netip.MustParseAddr("10.0.0.1")
	serverAddress = netip.MustParseAddr("10.0.0.2")
)

const (
	prefix = "faults-" // of the names of namespaces
	device = "eth0"
)

// newNetworkName names a network after the process that is to remove it.
func newNetworkName(pid int) string { return fmt.Sprintf("%s%d-%08x", prefix, pid, rand.Uint32()) }

func hostsOf(network string) (client, server *host) {
	return &host{network + "-client", clientAddress}, &host{network + "-server", serverAddress}
}

// makeNetwork makes two hosts that are connected, and nothing else. Packets have the size of the MTU at most, as on the wire
// of a network: a device of this kind would take 64 KiB at once.
func makeNetwork(name string) error {
	if err := mayIsolate(); err != nil {
		return err
	}
	client, server := hostsOf(name)
	for _, h := range []*host{client, server} {
		if err := command("ip", "netns", "add", h.namespace); err != nil {
			return err
		}
	}
	if err := command("ip", "link", "add", device, "netns", client.namespace, "type", "veth", "peer", "name", device, "netns", server.namespace); err != nil {
		return err
	}
	for _, h := range []*host{client, server} {
		err := errors.Join(
			h.ip("address", "add", h.address.String()+"/24", "dev", device),
			h.ip("link", "set", "dev", device, "gso_max_segs", "1"),
			h.ip("link", "set", "dev", device, "up"),
			h.ip("link", "set", "dev", "lo", "up"),
			h.nft("add table inet faults; add chain inet faults in { type filter hook input priority 0 ; }"),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// mayIsolate returns an error if a program is missing, or namespaces are not allowed, as in a container without privileges.
func mayIsolate() error {
	for _, program := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(program); err != nil {
			return skipped("the program " + program + " is not installed")
		}
	}
	if err := inOwnThread(func() error { return unix.Unshare(unix.CLONE_NEWNET) }); err == unix.EPERM {
		return skipped("namespaces of networks are not allowed here")
	}
	return nil
}

// removeNetwork removes what there is of a network.
func removeNetwork(name string) {
	client, server := hostsOf(name)
	removeNamespace(client.namespace)
	removeNamespace(server.namespace)
}

// removeNamespace removes a namespace, and ends the processes that are left in it.
func removeNamespace(name string) {
	pids, _ := exec.Command("ip", "netns", "pids", name).Output()
	for _, field := range strings.Fields(string(pids)) {
		if pid, err := strconv.Atoi(field); err == nil && pid != os.Getpid() {
			unix.Kill(pid, unix.SIGKILL)
		}
	}
	command("ip", "netns", "delete", name)
}

// sweep removes the networks whose processes have ended, by a crash, without doing so.
func sweep() error {
	namespaces, err := filepath.Glob("/var/run/netns/" + prefix + "*")
	for _, name := range namespaces {
		name = filepath.Base(name)
		var pid int
		if _, err := fmt.Sscanf(name, prefix+"%d-", &pid); err == nil && unix.Kill(pid, 0) == unix.ESRCH {
			removeNamespace(name)
		}
	}
	return err
}

// command runs a program, and returns what it has to say if it fails.
func command(name string, args ...string) error {
	if said, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(said)))
	}
	return nil
}

// ip runs "ip" for the namespace.
func (h *host) ip(args ...string) error {
	return command("ip", append([]string{"-netns", h.namespace}, args...)...)
}

// nft runs "nft" in the namespace.
func (h *host) nft(rules string) error {
	return command("ip", "netns", "exec", h.namespace, "nft", rules)
}

// treat has what comes in through the device treated as a rule of nftables says, instead of as before: "drop" is a black hole.
// An empty rule has all be well again. Nothing comes in meanwhile.
func (h *host) treat(rule string) error {
	rules := "flush chain inet faults in"
	if rule != "" {
		rules += "; add rule inet faults in iifname " + device + " " + rule
	}
	return h.nft(rules)
}

// treatBoth is treat for what comes in at either host.
func (e *env) treatBoth(rule string) error {
	return errors.Join(e.client.treat(rule), e.server.treat(rule))
}

// do calls f by a thread that is in the namespace: the sockets that f opens, and the processes that it starts, belong there
// for good.
func (h *host) do(f func() error) error {
	there, err := os.Open("/var/run/netns/" + h.namespace)
	if err != nil {
		return err
	}
	defer there.Close()
	return inOwnThread(func() error {
		if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering %s: %w", h.namespace, err)
		}
		return f()
	})
}

// inOwnThread calls f by a thread that ends with it. It is not the first one, whose namespace is taken for that of the process.
func inOwnThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			done <- inOwnThread(f)
			return
		}
		done <- f()
	}()
	return <-done
}

// listen returns a listener at the address of the host.
func (h *host) listen() (ln net.Listener, err error) {
	err = h.do(func() error {
		ln, err = net.Listen("tcp4", netip.AddrPortFrom(h.address, 0).String())
		return err
	})
	return ln, err
}

// dial connects from the host to an address, which has no name: so this goroutine alone opens the socket.
func (h *host) dial(address string, patience time.Duration) (conn net.Conn, err error) {
	err = h.do(func() error {
		conn, err = net.DialTimeout("tcp4", address, patience)
		return err
	})
	return conn, err
}
