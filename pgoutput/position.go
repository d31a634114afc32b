package pgoutput

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pglogrepl"

	"github.com/phasemig/phasemig/stream"
)

// prefix begins a position: lsn:SYSTEM:TIMELINE:X/Y.
const prefix = "lsn:"

// origin is whose log it is. A number of another cluster, or of another timeline of the
// same one, means another place.
type origin struct {
	system   string
	timeline int32
}

// place is a place in the log.
type place struct {
	origin
	at pglogrepl.LSN
}

func (p place) position() stream.Position {
	return stream.Position(fmt.Sprintf("%s%s:%d:%s", prefix, p.system, p.timeline, p.at))
}

func parsePosition(p stream.Position) (place, error) {
	rest, ok := strings.CutPrefix(string(p), prefix)
	parts := strings.Split(rest, ":")
	if !ok || len(parts) != 3 || parts[0] == "" {
		return place{}, fmt.Errorf("position %q is none of this server's log", p)
	}
	timeline, err := strconv.ParseInt(parts[1], 10, 32)
	if err != nil {
		return place{}, fmt.Errorf("position %q: timeline: %w", p, err)
	}
	at, err := pglogrepl.ParseLSN(parts[2])
	if err != nil {
		return place{}, fmt.Errorf("position %q: %w", p, err)
	}
	return place{origin{parts[0], int32(timeline)}, at}, nil
}

// At is the place with a number, as the server prints it, in the log of a position.
func At(of stream.Position, lsn string) (stream.Position, error) {
	p, err := parsePosition(of)
	if err != nil {
		return "", err
	}
	if p.at, err = pglogrepl.ParseLSN(lsn); err != nil {
		return "", fmt.Errorf("read the place %q: %w", lsn, err)
	}
	return p.position(), nil
}

// Least is the position before all others of the same log.
func Least(list []stream.Position) (stream.Position, error) {
	if len(list) == 0 {
		return "", errors.New("no position is stored")
	}
	least, err := parsePosition(list[0])
	if err != nil {
		return "", err
	}
	for _, p := range list[1:] {
		other, err := parsePosition(p)
		if err != nil {
			return "", err
		}
		if other.origin != least.origin {
			return "", fmt.Errorf("positions %q and %q can't be compared", p, least.position())
		}
		least.at = min(least.at, other.at)
	}
	return least.position(), nil
}
