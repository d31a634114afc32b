package binlog

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
)

// largestPacked is the largest packet that servers allow.
const largestPacked = 1 << 30

// unpack gives back what MariaDB compressed: a byte that tells the way and how long
// the length is, the length, zlib's bytes.
func unpack(b []byte) ([]byte, error) {
	if len(b) == 0 || len(b) < 1+int(b[0]&7) {
		return nil, errShort
	}
	if way := b[0] >> 4 & 7; way != 0 {
		return nil, fmt.Errorf("unpack what the server compressed: its way %d isn't known", way)
	}
	n := int(b[0] & 7)
	size := big(b[1 : 1+n])
	if size > largestPacked {
		return nil, errShort
	}
	z, err := zlib.NewReader(bytes.NewReader(b[1+n:]))
	if err != nil {
		return nil, fmt.Errorf("unpack what the server compressed: %w", err)
	}
	var out bytes.Buffer
	if _, err = io.Copy(&out, io.LimitReader(z, int64(size)+1)); err == nil {
		err = z.Close()
	}
	if err == nil && uint64(out.Len()) != size {
		err = errShort
	}
	if err != nil {
		return nil, fmt.Errorf("unpack what the server compressed: %w", err)
	}
	return out.Bytes(), nil
}
