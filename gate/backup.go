package gate

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Backup tells when the last good backup ended: exactly one of Command and HTTP is set. The moment is
// the last line that the command prints, or the answer's Field, or all of the answer; in RFC 3339, or as seconds since 1970.
type Backup struct {
	Command *Command `yaml:"command"`
	HTTP    *HTTP    `yaml:"http"`
}

func (b Backup) validate() error {
	if (b.Command == nil) == (b.HTTP == nil) {
		return errors.New("want exactly one of command and http")
	}
	return nil
}

func backupLimit(p map[string]any) (time.Duration, error) {
	d, err := duration(p, "max_age", 24*time.Hour)
	if err == nil && d == 0 {
		err = errors.New("setting max_age: it must be more than nothing")
	}
	return d, err
}

// clockSkew is how far ahead of the database's clock a backup may have ended.
const clockSkew = 5 * time.Minute

// backup passes when the last good backup is young enough, by the database's clock. Settings: target,
// max_age (24h).
func backup(ctx context.Context, in Input) (Verdict, error) {
	limit, err := backupLimit(in.Ref.Params)
	if err != nil {
		return Verdict{}, err
	}
	b, name, err := pick("backups", in.Targets.Backups, text(in.Ref.Params, "target", ""))
	if err != nil {
		return Verdict{}, err
	}
	at, err := b.last(ctx, in)
	if err != nil {
		return Verdict{}, fmt.Errorf("backup %s: %w", name, err)
	}
	age := in.Now.Sub(at)
	evidence := map[string]any{"target": name, "ended": at.UTC().Format(time.RFC3339), "age": age.Round(time.Second).String(), "max_age": limit.String()}
	switch {
	case age < -clockSkew:
		return Unsure(fmt.Sprintf("the last backup of %s ended at %s, which is in the future", name, at.UTC().Format(time.RFC3339)), evidence), nil
	case age > limit:
		return Failed(fmt.Sprintf("the last good backup of %s is %s old, and may be %s", name, age.Round(time.Second), limit), evidence), nil
	}
	return Passed(fmt.Sprintf("the last good backup of %s is %s old", name, max(age, 0).Round(time.Second)), evidence), nil
}

func (b Backup) last(ctx context.Context, in Input) (time.Time, error) {
	if b.Command != nil {
		out, err, timeout := b.Command.run(ctx, in)
		if timeout != nil {
			return time.Time{}, errors.New("the command gave no answer in time")
		}
		if err != nil {
			return time.Time{}, fmt.Errorf("the command: %w: %s", err, lastLine(out))
		}
		return moment(lastLine(out))
	}
	status, body, err := b.HTTP.ask(ctx, in)
	if err != nil {
		return time.Time{}, err
	}
	if !b.HTTP.good(status) {
		return time.Time{}, fmt.Errorf("status %d", status)
	}
	said := strings.TrimSpace(string(body))
	if b.HTTP.Field != "" {
		if said, err = field(body, b.HTTP.Field); err != nil {
			return time.Time{}, err
		}
	}
	return moment(said)
}

// moment reads a time as systems write it.
func moment(text string) (time.Time, error) {
	if s, err := strconv.ParseFloat(text, 64); err == nil && s > 0 && s < 1e11 {
		return time.UnixMicro(int64(s * 1e6)), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%q is no moment in RFC 3339, nor seconds since 1970", cut(text))
	}
	return t, nil
}
