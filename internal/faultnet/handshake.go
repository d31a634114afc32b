package faultnet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// greet passes on a MySQL server's first packet with another thread id. The packet is a header of four bytes
// (length, sequence number), the protocol version, which is 10, the server's version up to a zero byte, and
// the thread id in four bytes, least first.
func greet(client io.Writer, server io.Reader, thread uint32) error {
	header := make([]byte, 4)
	if _, err := io.ReadFull(server, header); err != nil {
		return fmt.Errorf("read the handshake's header: %w", err)
	}
	packet := make([]byte, int(header[0])|int(header[1])<<8|int(header[2])<<16)
	if _, err := io.ReadFull(server, packet); err != nil {
		return fmt.Errorf("read the handshake: %w", err)
	}
	// Instead of greeting, a server may refuse with an error packet: that is passed on as it is.
	if len(packet) > 0 && packet[0] == 10 {
		if err := setThread(packet, thread); err != nil {
			return err
		}
	}
	_, err := client.Write(append(header, packet...))
	return err
}

func setThread(packet []byte, thread uint32) error {
	zero := bytes.IndexByte(packet, 0)
	if zero < 0 || len(packet) < zero+5 {
		return errors.New("find the thread id: the handshake is too short")
	}
	binary.LittleEndian.PutUint32(packet[zero+1:], thread)
	return nil
}
