package binlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	"github.com/klauspost/compress/zstd"
)

// payload is a transaction that the server compressed. It is unpacked an event at a
// time: unpacked it may be hundreds of times as large.
type payload struct {
	in   io.Reader
	zstd *zstd.Decoder
	body []byte // of the event, used again
}

// openPayload begins to read a compressed transaction.
func (s *Source) openPayload(body []byte) error {
	kind, packed, err := payloadFields(body)
	if err != nil {
		return err
	}
	p := &payload{in: bytes.NewReader(packed)}
	switch kind {
	case replication.ZSTD:
		if p.zstd, err = zstd.NewReader(p.in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true)); err != nil {
			return fmt.Errorf("unpack a compressed transaction: %w", err)
		}
		p.in = p.zstd
	case replication.NONE:
	default:
		return fmt.Errorf("a transaction is compressed in a way that isn't known: %d", kind)
	}
	s.payload = p
	return nil
}

// payloadFields reads the fields in front of the packed bytes.
func payloadFields(b []byte) (kind uint64, packed []byte, err error) {
	for {
		field, n, ok := lenInt(b)
		if !ok {
			return 0, nil, errShort
		}
		if b = b[n:]; field == replication.OTW_PAYLOAD_HEADER_END_MARK {
			return kind, b, nil
		}
		size, n, ok := lenInt(b)
		if !ok || uint64(len(b)-n) < size {
			return 0, nil, errShort
		}
		if field == replication.OTW_PAYLOAD_COMPRESSION_TYPE_FIELD {
			kind, _, _ = lenInt(b[n:])
		}
		b = b[n+int(size):]
	}
}

// lenInt reads an integer that says its own length.
func lenInt(b []byte) (value uint64, n int, ok bool) {
	if len(b) == 0 || len(b) < lenIntSize(b[0]) {
		return 0, 0, false
	}
	v, _, n := mysql.LengthEncodedInt(b)
	return v, n, true
}

func lenIntSize(first byte) int {
	switch first {
	case 0xfc:
		return 3
	case 0xfd:
		return 4
	case 0xfe:
		return 9
	}
	return 1
}

// inflate handles the next event of the compressed transaction.
func (s *Source) inflate() error {
	var header [replication.EventHeaderSize]byte
	if _, err := io.ReadFull(s.payload.in, header[:]); err != nil {
		if errors.Is(err, io.EOF) {
			s.payload.close()
			s.payload = nil
			return nil
		}
		return fmt.Errorf("unpack a compressed transaction: %w", errors.Join(errShort, err))
	}
	var e event
	if err := e.Decode(header[:]); err != nil {
		return fmt.Errorf("unpack a compressed transaction: %w", err)
	}
	size := int(binary.LittleEndian.Uint32(header[9:])) - len(header)
	if cap(s.payload.body) < size {
		s.payload.body = make([]byte, size)
	}
	e.body = s.payload.body[:size]
	if _, err := io.ReadFull(s.payload.in, e.body); err != nil {
		return fmt.Errorf("unpack a compressed transaction: %w", errors.Join(errShort, err))
	}
	return s.event(e)
}

func (p *payload) close() {
	if p.zstd != nil {
		p.zstd.Close()
	}
}
