package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/vmware/govmomi/vmdk"
)

// The stream-optimized form of a VMDK, in which disks are imported and exported. Virtual Disk Format 5.0,
// "Stream-Optimized Compressed Sparse Extents": a header, the descriptor, the grains that are not empty, then
// the tables that say where they are, and a footer that is the header again, now knowing where the tables are.
// govmomi's writer gives the tables entries of eight bytes instead of four, so that no one can read the file.

const (
	overheadSectors  = 128 // before the first grain, as ESXi leaves
	directoryIsAtEnd = 1<<64 - 1
	tableEntries     = 512
	tableSectors     = tableEntries * 4 / vmdk.SectorSize

	markerTable     = 1
	markerDirectory = 2
	markerFooter    = 3
)

var errNotAStream = errors.New("not a stream-optimized VMDK")

// grain is a piece of a disk, compressed.
type grain struct {
	sector uint64 // of the disk
	data   []byte
}

// streamHeader describes a disk of that many bytes.
func streamHeader(capacity int64) vmdk.SparseExtentHeaderOnDisk {
	return vmdk.SparseExtentHeaderOnDisk{
		MagicNumber: vmdk.SparseMagicNumber, Version: vmdk.SparseVersionIncompatFlags,
		Flags:    vmdk.SparseFlagValidNewlineDetector | vmdk.SparseFlagCompressed | vmdk.SparseFlagEmbeddedLBA,
		Capacity: uint64(capacity / vmdk.SectorSize), GrainSize: vmdk.GrainSize,
		DescriptorOffset: 1, DescriptorSize: vmdk.GrainDirectoryOffset - 1,
		NumGTEsPerGT: tableEntries, GDOffset: directoryIsAtEnd, Overhead: overheadSectors, CompressAlgorithm: 1,
		SingleEndLine: '\n', NonEndLine: ' ', DoubleEndLineChar1: '\r', DoubleEndLineChar2: '\n',
	}
}

func streamDescriptor(name string, capacity int64) *vmdk.Descriptor {
	d := vmdk.NewDescriptor(vmdk.Extent{Size: capacity / vmdk.SectorSize, Type: "SPARSE", Info: name})
	d.Type, d.CID, d.ParentCID = "streamOptimized", 0xfffffffe, 0xffffffff
	d.DDB = map[string]string{"adapterType": "lsilogic", "virtualHWVersion": "4"}
	return d
}

// streamWriter counts what it writes; the error is kept by its buffer until the end.
type streamWriter struct {
	out     *bufio.Writer
	written uint64
	tables  map[uint64]*[tableEntries]uint32 // by their place in the directory
}

// writeStream writes a disk of that capacity with these grains.
func writeStream(out io.Writer, name string, capacity int64, grains iter.Seq2[grain, error]) error {
	s := &streamWriter{out: bufio.NewWriter(out), tables: map[uint64]*[tableEntries]uint32{}}
	header := streamHeader(capacity)
	s.put(header)
	if err := streamDescriptor(name, capacity).Write(s); err != nil {
		return err
	}
	s.fill(overheadSectors * vmdk.SectorSize)
	for g, err := range grains {
		if err != nil {
			return err
		}
		s.putGrain(g)
	}
	header.GDOffset = s.putTables(header.Capacity)
	s.putMarker(markerFooter, 1)
	s.put(header)
	s.putMarker(vmdk.GrainMarkerEndOfStream, 0)
	return s.out.Flush()
}

func (s *streamWriter) Write(p []byte) (int, error) {
	n, err := s.out.Write(p)
	s.written += uint64(n)
	return n, err
}

func (s *streamWriter) put(value any) { _ = binary.Write(s, binary.LittleEndian, value) }

func (s *streamWriter) sector() uint64 { return s.written / vmdk.SectorSize }

// fill writes zeros up to the next multiple of that many bytes.
func (s *streamWriter) fill(multiple uint64) {
	_, _ = s.Write(make([]byte, (multiple-s.written%multiple)%multiple))
}

func (s *streamWriter) putGrain(g grain) {
	number := g.sector / vmdk.GrainSize
	table := s.tables[number/tableEntries]
	if table == nil {
		table = new([tableEntries]uint32)
		s.tables[number/tableEntries] = table
	}
	table[number%tableEntries] = uint32(s.sector())
	s.put(vmdk.SparseGrainLBAHeaderOnDisk{Lba: g.sector, CmpSize: uint32(len(g.data))})
	_, _ = s.Write(g.data)
	s.fill(vmdk.SectorSize)
}

func (s *streamWriter) putMarker(kind uint32, sectors uint64) {
	s.put(vmdk.SparseMetaDataMarkerOnDisk{NumSectors: sectors, SectorType: kind})
}

// putTables writes the tables that are not empty, then the directory of all, and tells where this is.
func (s *streamWriter) putTables(capacitySectors uint64) uint64 {
	const covered = tableEntries * vmdk.GrainSize
	directory := make([]uint32, (capacitySectors+covered-1)/covered)
	for _, n := range slices.Sorted(maps.Keys(s.tables)) {
		s.putMarker(markerTable, tableSectors)
		directory[n] = uint32(s.sector())
		s.put(s.tables[n])
	}
	s.putMarker(markerDirectory, (uint64(len(directory))*4+vmdk.SectorSize-1)/vmdk.SectorSize)
	at := s.sector()
	s.put(directory)
	s.fill(vmdk.SectorSize)
	return at
}

// readStream gives a stream's capacity in bytes, and its grains as they come. Only their order in the file and
// their own sector numbers count: the tables are for who wants one grain, and qemu-img puts them elsewhere.
func readStream(r io.Reader) (capacity int64, grains iter.Seq2[grain, error], err error) {
	var header vmdk.SparseExtentHeaderOnDisk
	if err := binary.Read(r, binary.LittleEndian, &header); err != nil {
		return 0, nil, errNotAStream
	}
	const needed = vmdk.SparseFlagCompressed | vmdk.SparseFlagEmbeddedLBA
	if header.MagicNumber != vmdk.SparseMagicNumber || header.Flags&needed != needed ||
		header.GrainSize != vmdk.GrainSize || header.Overhead == 0 {
		return 0, nil, errNotAStream
	}
	return int64(header.Capacity) * vmdk.SectorSize, func(yield func(grain, error) bool) {
		if err := skip(r, header.Overhead-1); err != nil {
			yield(grain{}, err)
			return
		}
		for {
			g, err := nextGrain(r)
			switch {
			case err == io.EOF && header.GDOffset != directoryIsAtEnd, err == nil && g.data == nil:
				return // qemu-img marks no end
			case err == io.EOF:
				err = io.ErrUnexpectedEOF
			case err == nil && g.sector >= header.Capacity:
				err = fmt.Errorf("grain at sector %d of %d", g.sector, header.Capacity)
			}
			if !yield(g, err) || err != nil {
				return
			}
		}
	}, nil
}

// nextGrain passes over everything that is no grain. It returns one without data at the end marker.
func nextGrain(r io.Reader) (grain, error) {
	for {
		first := make([]byte, vmdk.SectorSize)
		if _, err := io.ReadFull(r, first); err != nil {
			return grain{}, err
		}
		number, size := binary.LittleEndian.Uint64(first), binary.LittleEndian.Uint32(first[8:])
		switch kind := binary.LittleEndian.Uint32(first[12:]); {
		case size > 2*vmdk.GrainSize*vmdk.SectorSize:
			return grain{}, fmt.Errorf("grain of %d bytes at sector %d", size, number)
		case size > 0:
			return readGrain(r, first, number, int(size))
		case kind == vmdk.GrainMarkerEndOfStream:
			return grain{}, nil
		default:
			if err := skip(r, number); err != nil {
				return grain{}, err
			}
		}
	}
}

// readGrain reads on after the first sector of a grain.
func readGrain(r io.Reader, first []byte, sector uint64, size int) (grain, error) {
	var head vmdk.SparseGrainLBAHeaderOnDisk
	start := binary.Size(head)
	sectors := (start + size + vmdk.SectorSize - 1) / vmdk.SectorSize
	whole := bytes.NewBuffer(first)
	if _, err := io.CopyN(whole, r, int64(sectors-1)*vmdk.SectorSize); err != nil {
		return grain{}, io.ErrUnexpectedEOF
	}
	return grain{sector: sector, data: whole.Bytes()[start : start+size]}, nil
}

func skip(r io.Reader, sectors uint64) error {
	if sectors > 1<<32 {
		return fmt.Errorf("%d sectors of metadata", sectors)
	}
	if _, err := io.CopyN(io.Discard, r, int64(sectors)*vmdk.SectorSize); err != nil {
		return io.ErrUnexpectedEOF
	}
	return nil
}
