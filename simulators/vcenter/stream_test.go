package main

import (
	"bytes"
	"compress/zlib"
	"io"
	"iter"
	"testing"

	"github.com/vmware/govmomi/vmdk"
)

// packed is a grain full of one byte.
func packed(t *testing.T, number uint64, fill byte) grain {
	t.Helper()
	var buffer bytes.Buffer
	w := zlib.NewWriter(&buffer)
	_, err := w.Write(bytes.Repeat([]byte{fill}, vmdk.GrainSize*vmdk.SectorSize))
	if err != nil || w.Close() != nil {
		t.Fatal("zlib failed")
	}
	return grain{sector: number * vmdk.GrainSize, data: buffer.Bytes()}
}

func each(grains ...grain) iter.Seq2[grain, error] {
	return func(yield func(grain, error) bool) {
		for _, g := range grains {
			if !yield(g, nil) {
				return
			}
		}
	}
}

// stream is an image of that many bytes.
func stream(t *testing.T, capacity int64, grains ...grain) []byte {
	t.Helper()
	var buffer bytes.Buffer
	if err := writeStream(&buffer, "disk.vmdk", capacity, each(grains...)); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

func unpack(t *testing.T, image []byte) (int64, []grain) {
	t.Helper()
	capacity, grains, err := readStream(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	var all []grain
	for g, err := range grains {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	return capacity, all
}

func TestStreamsAreReadAsTheyWereWritten(t *testing.T) {
	want := []grain{packed(t, 0, 'a'), packed(t, 3, 'b'), packed(t, 40_000, 'c')}
	capacity, got := unpack(t, stream(t, 4*gb, want...))
	if capacity != 4*gb || len(got) != len(want) {
		t.Fatalf("%d bytes, %d grains", capacity, len(got))
	}
	for n := range want {
		if got[n].sector != want[n].sector || !bytes.Equal(got[n].data, want[n].data) {
			t.Errorf("grain %d differs", n)
		}
	}
}

func TestAnEmptyDiskIsASmallStream(t *testing.T) {
	image := stream(t, 1<<40)
	if capacity, grains := unpack(t, image); capacity != 1<<40 || len(grains) != 0 {
		t.Errorf("%d bytes, %d grains", capacity, len(grains))
	}
	if len(image) > 1<<20 || len(image)%vmdk.SectorSize != 0 {
		t.Errorf("%d bytes long", len(image))
	}
}

func TestHalfAStreamIsRefused(t *testing.T) {
	image := stream(t, gb, packed(t, 0, 'a'), packed(t, 1, 'b'))
	for name, bad := range map[string][]byte{
		"nothing":           {},
		"something else":    bytes.Repeat([]byte("no"), 4096),
		"the header only":   image[:vmdk.SectorSize],
		"cut in a grain":    image[:overheadSectors*vmdk.SectorSize+600],
		"cut at a boundary": image[:len(image)-vmdk.SectorSize],
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := (&contents{dir: t.TempDir()}).keep(bytes.NewReader(bad)); err == nil {
				t.Error("kept")
			}
		})
	}
}

func TestContentKeepsWithAnotherCapacity(t *testing.T) {
	c := &contents{dir: t.TempDir()}
	image := stream(t, gb, packed(t, 5, 'x'))
	id, capacity, err := c.keep(bytes.NewReader(image))
	if err != nil || capacity != gb {
		t.Fatalf("%d, %v", capacity, err)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(c.write(w, "disk-0.vmdk", 8*gb, id)) }()
	written, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	capacity, grains := unpack(t, written)
	if capacity != 8*gb || len(grains) != 1 || !bytes.Equal(grains[0].data, packed(t, 5, 'x').data) {
		t.Errorf("%d bytes, %d grains", capacity, len(grains))
	}
}
