package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	testUser     = "tester@vsphere.local"
	testPassword = "not a secret"
)

// lab is a simulator over HTTPS with a client that is logged in.
type lab struct {
	*testing.T
	ctx    context.Context
	vc     *vCenter
	http   *http.Client
	client *vim25.Client
	find   *find.Finder
	dc     *object.Datacenter

	authority *x509.CertPool
}

func newLab(t *testing.T, change ...func(*options)) *lab {
	t.Helper()
	certFile, keyFile, pool := makeCertificate(t)
	o := options{
		listen: "127.0.0.1:0", certFile: certFile, keyFile: keyFile, username: testUser,
		inventory: inventorySpec{clusters: 2, hosts: 2, sharedDatastores: 2, seed: 1},
	}
	for _, f := range change {
		f(&o)
	}
	vc, err := newVCenter(o, testPassword)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vc.close)
	t.Cleanup(vc.server.CloseClientConnections)
	l := &lab{T: t, ctx: t.Context(), vc: vc, authority: pool, http: &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
	}}
	l.login()
	return l
}

func (l *lab) login() {
	l.Helper()
	u, err := url.Parse(l.vc.url())
	if err != nil {
		l.Fatal(err)
	}
	transport := soap.NewClient(u, false)
	transport.DefaultTransport().TLSClientConfig.RootCAs = l.authority
	l.client, err = vim25.NewClient(l.ctx, transport)
	if err != nil {
		l.Fatal(err)
	}
	l.must(session.NewManager(l.client).Login(l.ctx, url.UserPassword(testUser, testPassword)))
	l.find = find.NewFinder(l.client)
	l.dc, err = l.find.Datacenter(l.ctx, "dc1")
	l.must(err)
	l.find.SetDatacenter(l.dc)
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// refused checks that an error is this fault.
func (l *lab) refused(err error, want types.BaseMethodFault) {
	l.Helper()
	if err == nil {
		l.Fatalf("no error, want %T", want)
	}
	var got types.BaseMethodFault
	fault.In(err, func(f types.BaseMethodFault, _ string, _ []types.LocalizableMessage) bool {
		if reflect.TypeOf(f) == reflect.TypeOf(want) {
			got = f
		}
		return got != nil
	})
	if got == nil {
		l.Fatalf("%v, want %T", err, want)
	}
}

func (l *lab) host(name string) *object.HostSystem {
	l.Helper()
	h, err := l.find.HostSystem(l.ctx, "*/"+name)
	l.must(err)
	return h
}

func (l *lab) datastore(name string) *object.Datastore {
	l.Helper()
	ds, err := l.find.Datastore(l.ctx, name)
	l.must(err)
	return ds
}

func (l *lab) cluster(name string) *object.ClusterComputeResource {
	l.Helper()
	c, err := l.find.ClusterComputeResource(l.ctx, name)
	l.must(err)
	return c
}

// read gets properties of one object.
func (l *lab) read(ref object.Reference, dst any, properties ...string) {
	l.Helper()
	l.must(property.DefaultCollector(l.client).RetrieveOne(l.ctx, ref.Reference(), properties, dst))
}

// done waits for a task.
func (l *lab) done(task *object.Task, err error) *types.TaskInfo {
	l.Helper()
	l.must(err)
	info, err := task.WaitForResult(l.ctx)
	l.must(err)
	return info
}

// failed waits for a task and checks with what it failed.
func (l *lab) failed(task *object.Task, err error, want types.BaseMethodFault) {
	l.Helper()
	l.must(err)
	_, err = task.WaitForResult(l.ctx)
	l.refused(err, want)
}

func (l *lab) createTask(cluster string, host *object.HostSystem, spec types.VirtualMachineConfigSpec) (*object.Task, error) {
	l.Helper()
	folders, err := l.dc.Folders(l.ctx)
	l.must(err)
	pool, err := l.cluster(cluster).ResourcePool(l.ctx)
	l.must(err)
	return folders.VmFolder.CreateVM(l.ctx, spec, pool, host)
}

func (l *lab) create(cluster string, host *object.HostSystem, spec types.VirtualMachineConfigSpec) *object.VirtualMachine {
	l.Helper()
	info := l.done(l.createTask(cluster, host, spec))
	return object.NewVirtualMachine(l.client, info.Result.(types.ManagedObjectReference))
}

// vmSpec describes a VM with a disk on the datastore and, if named, a NIC on a standard port group.
func vmSpec(name, datastore string, diskBytes int64, thin bool, network string) types.VirtualMachineConfigSpec {
	var devices object.VirtualDeviceList
	scsi, _ := devices.CreateSCSIController("pvscsi")
	devices = append(devices, scsi)
	disk := devices.CreateDisk(scsi.(types.BaseVirtualController), types.ManagedObjectReference{}, "")
	disk.CapacityInBytes, disk.CapacityInKB = diskBytes, diskBytes>>10
	backing := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	backing.FileName, backing.ThinProvisioned = "["+datastore+"]", &thin
	devices = append(devices, disk)
	if network != "" {
		card, _ := devices.CreateEthernetCard("vmxnet3", &types.VirtualEthernetCardNetworkBackingInfo{
			VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: network},
		})
		devices = append(devices, card)
	}
	changes, _ := devices.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	return types.VirtualMachineConfigSpec{
		Name: name, GuestId: "otherGuest", NumCPUs: 1, MemoryMB: 64,
		Files: &types.VirtualMachineFileInfo{VmPathName: "[" + datastore + "]"}, DeviceChange: changes,
	}
}

func (l *lab) hostOf(vm *object.VirtualMachine) string {
	l.Helper()
	host, err := vm.HostSystem(l.ctx)
	l.must(err)
	name, err := host.ObjectName(l.ctx)
	l.must(err)
	return name
}

func (l *lab) networkSystem(host string) *object.HostNetworkSystem {
	l.Helper()
	system, err := l.host(host).ConfigManager().NetworkSystem(l.ctx)
	l.must(err)
	return system
}

func (l *lab) network(name string) (found *mo.Network) {
	l.Helper()
	var dc mo.Datacenter
	l.read(l.dc, &dc, "network")
	for _, ref := range dc.Network {
		var n mo.Network
		l.read(ref, &n, "name", "host", "vm")
		if n.Name == name {
			found = &n
		}
	}
	return found
}

// makeCertificate makes one for 127.0.0.1 that is its own CA.
func makeCertificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(certificate)
	return certFile, keyFile, pool
}
