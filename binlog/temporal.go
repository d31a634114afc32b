package binlog

import (
	"encoding/binary"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// temporal writes dates and times in quotes. No calendar is asked: columns can hold
// dates that none has.
func (c *column) temporal(out, raw []byte) []byte {
	out = append(out, '\'')
	switch c.typ {
	case mysql.MYSQL_TYPE_DATE, mysql.MYSQL_TYPE_NEWDATE:
		d := little(raw)
		out = appendDate(out, d>>9, d>>5&15, d&31)
	case mysql.MYSQL_TYPE_TIME2:
		out = c.time(out, raw)
	case mysql.MYSQL_TYPE_DATETIME2:
		out = appendDatetime(out, big(raw[:5])-0x8000000000)
		out = c.fraction(out, fractionOf(raw[5:]))
	case mysql.MYSQL_TYPE_TIMESTAMP2:
		out = c.timestamp(out, binary.BigEndian.Uint32(raw), fractionOf(raw[4:]))
	default:
		out = c.oldTemporal(out, raw)
	}
	return append(out, '\'')
}

func appendDate(out []byte, year, month, day uint64) []byte {
	out = append(appendPadded(out, year, 4), '-')
	out = append(appendPadded(out, month, 2), '-')
	return appendPadded(out, day, 2)
}

func appendClock(out []byte, hour, minute, second uint64) []byte {
	out = append(appendPadded(out, hour, 2), ':')
	out = append(appendPadded(out, minute, 2), ':')
	return appendPadded(out, second, 2)
}

// appendDatetime writes (year*13+month) day hour minute second, packed in bits.
func appendDatetime(out []byte, v uint64) []byte {
	months := v >> 22
	out = append(appendDate(out, months/13, months%13, v>>17&31), ' ')
	return appendClock(out, v>>12&31, v>>6&63, v&63)
}

// fractionOf is a fraction in microseconds: hundredths in one byte, ten-thousandths
// in two, millionths in three.
func fractionOf(b []byte) uint64 {
	switch len(b) {
	case 1:
		return big(b) * 10000
	case 2:
		return big(b) * 100
	}
	return big(b)
}

// fraction writes as many digits of a fraction as the column has.
func (c *column) fraction(out []byte, micro uint64) []byte {
	if c.digits == 0 {
		return out
	}
	out = append(out, '.')
	return appendPadded(out, micro, 6)[:len(out)+c.digits]
}

// time is a signed number of bits: hour, minute, second, fraction. Negative ones are
// turned over as a whole, the fraction included.
func (c *column) time(out, raw []byte) []byte {
	bits := 8 * len(raw)
	v := int64(big(raw)) - 1<<(bits-1)
	negative := v < 0
	if negative {
		v = -v
		out = append(out, '-')
	}
	unit := bits - 24 // bits of the fraction
	whole, part := uint64(v)>>unit, uint64(v)&(1<<unit-1)
	out = appendClock(out, whole>>12&0x3ff, whole>>6&63, whole&63)
	return c.fraction(out, fractionOf(big3(part, unit/8)))
}

// big3 is a number as its n bytes, the highest first.
func big3(v uint64, n int) []byte {
	return []byte{byte(v >> 16), byte(v >> 8), byte(v)}[3-n:]
}

// timestamp writes seconds since 1970 as a time of UTC. 0 is no time.
func (c *column) timestamp(out []byte, seconds uint32, micro uint64) []byte {
	if seconds == 0 && micro == 0 {
		out = append(out, "0000-00-00 00:00:00"...)
	} else {
		out = time.Unix(int64(seconds), 0).UTC().AppendFormat(out, time.DateTime)
	}
	return c.fraction(out, micro)
}

// oldTemporal are the types that MariaDB keeps when mysql56_temporal_format is off,
// without fractions.
func (c *column) oldTemporal(out, raw []byte) []byte {
	switch v := little(raw); c.typ {
	case mysql.MYSQL_TYPE_TIME:
		t := int64(v<<40) >> 40
		if t < 0 {
			t = -t
			out = append(out, '-')
		}
		out = appendClock(out, uint64(t)/10000, uint64(t)/100%100, uint64(t)%100)
	case mysql.MYSQL_TYPE_DATETIME:
		d, t := v/1000000, v%1000000
		out = append(appendDate(out, d/10000, d/100%100, d%100), ' ')
		out = appendClock(out, t/10000, t/100%100, t%100)
	default:
		out = c.timestamp(out, uint32(v), 0)
	}
	return out
}
