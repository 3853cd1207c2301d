package wire

import (
	"fmt"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport/wire/wirepb"
)

const (
	// maxFolderID bounds a folder ID in bytes.
	maxFolderID = 256
	// maxCluster bounds the folders, devices and addresses in a ClusterConfig.
	maxCluster = 1 << 16
)

const stopPaused = 1 // BEP's stop_reason of a paused folder

// AppendClusterConfig appends the payload of a ClusterConfig.
func AppendClusterConfig(b []byte, c ClusterConfig) []byte {
	m := &wirepb.ClusterConfig{}
	for _, f := range c.Folders {
		folder := &wirepb.Folder{Id: []byte(f.ID), Label: []byte(f.Label), Type: int32(f.Direction)}
		if f.Paused {
			folder.StopReason = stopPaused
		}
		for _, d := range f.Devices {
			folder.Devices = append(folder.Devices, &wirepb.Device{
				Id: d.ID[:], Name: []byte(d.Name), IndexId: d.IndexID,
				MaxSequence: d.MaxSequence, RecordSequence: d.RecordSequence,
			})
		}
		m.Folders = append(m.Folders, folder)
	}
	return appendMessage(b, m)
}

// ParseClusterConfig reads the payload of a ClusterConfig.
func ParseClusterConfig(p []byte) (ClusterConfig, error) {
	var m wirepb.ClusterConfig
	if err := clusterShape.unmarshal(p, &m, maxCluster); err != nil {
		return ClusterConfig{}, fmt.Errorf("cluster configuration: %w", err)
	}
	var c ClusterConfig
	seen := make(map[string]bool, len(m.Folders))
	for _, f := range m.Folders {
		folder, err := parseFolder(f)
		if err != nil {
			return ClusterConfig{}, fmt.Errorf("cluster configuration: folder %.80q: %w", f.Id, err)
		}
		if seen[folder.ID] {
			return ClusterConfig{}, fmt.Errorf("%w: cluster configuration: folder %.80q twice", ErrMalformed, f.Id)
		}
		seen[folder.ID] = true
		c.Folders = append(c.Folders, folder)
	}
	return c, nil
}

func parseFolder(m *wirepb.Folder) (Folder, error) {
	id, err := folderID(m.Id)
	if err != nil {
		return Folder{}, err
	}
	f := Folder{ID: id, Label: text(m.Label), Direction: Direction(m.Type), Paused: m.StopReason != 0}
	if f.Direction < SendReceive || f.Direction > ReceiveEncrypted {
		// A direction of a later version: whatever it is, nothing is expected
		// of us for it but to take what comes.
		f.Direction = SendOnly
	}
	for _, d := range m.Devices {
		if len(d.Id) != len(device.ID{}) {
			return f, fmt.Errorf("%w: device ID of %d bytes", ErrMalformed, len(d.Id))
		}
		if d.MaxSequence < 0 || d.RecordSequence < 0 {
			return f, fmt.Errorf("%w: negative sequence", ErrMalformed)
		}
		f.Devices = append(f.Devices, Device{
			ID: device.ID(d.Id), Name: text(d.Name), IndexID: d.IndexId,
			MaxSequence: d.MaxSequence, RecordSequence: d.RecordSequence,
		})
	}
	return f, nil
}

// folderID checks a folder ID. Any valid text is one.
func folderID(b []byte) (string, error) {
	if len(b) == 0 || len(b) > maxFolderID || text(b) != string(b) {
		return "", fmt.Errorf("%w: folder ID %.80q", ErrMalformed, b)
	}
	return string(b), nil
}
