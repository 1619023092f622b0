// vcenter-simulator is a vCenter Server without hypervisors: the inventory, tasks, files and faults of
// the vSphere Web Services API over HTTPS. README.md lists what it adds to govmomi's simulator.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

type options struct {
	listen       string
	certFile     string
	keyFile      string
	wsdlFile     string
	username     string
	passwordFile string
	faultsFile   string
	inventory    inventorySpec
}

func parseFlags(args []string) (options, error) {
	var o options
	fs := flag.NewFlagSet("vcenter-simulator", flag.ContinueOnError)
	fs.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address:port` to serve on; port 0 takes a free one")
	fs.StringVar(&o.certFile, "tls-cert", "", "PEM `file` with the server's certificate (required)")
	fs.StringVar(&o.keyFile, "tls-key", "", "PEM `file` with its private key (required)")
	fs.StringVar(&o.wsdlFile, "wsdl", "", "WSDL `file` to serve, made by wsdl.py")
	fs.StringVar(&o.username, "username", "administrator@vsphere.local", "the one user `name`")
	fs.StringVar(&o.passwordFile, "password-file", "", "`file` with that user's password (required)")
	fs.StringVar(&o.faultsFile, "faults", "", "JSON `file` with fault rules to start with")
	fs.StringVar(&o.inventory.stateDir, "state", "", "`directory` in which the inventory and the datastores outlive a restart")
	fs.StringVar(&o.inventory.instanceUUID, "instance-uuid", "", "`UUID` of this vCenter (default: from the seed)")
	fs.IntVar(&o.inventory.serverID, "server-id", 0, "this vCenter's unique `ID`, 0 to 31, of which MAC addresses are made")
	fs.IntVar(&o.inventory.clusters, "clusters", 2, "clusters, 1 to 9")
	fs.IntVar(&o.inventory.hosts, "hosts", 4, "ESXi hosts per cluster, 1 to 64")
	fs.IntVar(&o.inventory.sharedDatastores, "shared-datastores", 2, "datastores that every host sees, 1 or more")
	fs.IntVar(&o.inventory.vms, "vms", 0, "VMs that are already there, spread over the hosts")
	fs.Float64Var(&o.inventory.taskSeconds, "task-seconds", 0, "how long a task takes that moves, copies or snapshots a VM")
	fs.StringVar(&o.inventory.brownfield, "brownfield", "plain", "what else is there: plain: nothing; varied: VMs of every odd `kind`")
	fs.Int64Var(&o.inventory.seed, "seed", 1, "same seed, same inventory: UUIDs, MAC addresses, morefs")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	return o, o.validate()
}

func (o *options) validate() error {
	for name, value := range map[string]string{
		"-tls-cert": o.certFile, "-tls-key": o.keyFile, "-password-file": o.passwordFile,
	} {
		if value == "" {
			return fmt.Errorf("%s is required", name)
		}
	}
	return o.inventory.validate()
}

// readPassword takes the password from a file, because an argument shows in the process list.
func readPassword(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	password := strings.TrimRight(string(b), "\r\n")
	if password == "" {
		return "", fmt.Errorf("%s: empty password", file)
	}
	return password, nil
}

func serve(args []string) error {
	o, err := parseFlags(args)
	if err != nil {
		return err
	}
	password, err := readPassword(o.passwordFile)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	began := time.Now()
	vc, err := newVCenter(o, password)
	if err != nil {
		return err
	}
	defer vc.close()
	go sweepScratch()
	fmt.Printf("serving %s, ready in %s\n", vc.url(), time.Since(began).Round(time.Millisecond))
	<-ctx.Done()
	return vc.stop()
}

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	if err := serve(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintf(os.Stderr, "vcenter-simulator: %s\n", err)
		os.Exit(1)
	}
}
