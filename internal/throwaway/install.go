package throwaway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/phasemig/phasemig/scripts"
)

// install runs the install script for k. It comes with the binary, so that an installed one has it, too.
func install(ctx context.Context, k Kind, log io.Writer) error {
	if err := installable(); err != nil {
		return err
	}
	if k == Postgres {
		k = Postgres18
	}
	fmt.Fprintf(log, "installing %s (what can be unpacked: into %s)\n", k, CacheDir())
	cmd := exec.CommandContext(ctx, "bash", "-s", "--", "install", string(k))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(string(scripts.Servers)), log, log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("install %s: %w", k, err)
	}
	return nil
}

// installable says why the script can't work here, in the words of someone who could change it.
func installable() error {
	if _, err := os.Stat("/etc/debian_version"); err != nil {
		return errors.New("install the server, run Docker, or give a DSN: the install script knows Debian and Ubuntu only")
	}
	if os.Geteuid() != 0 {
		return errors.New("install the server with `sudo -E scripts/servers.sh install`, run Docker, or give a DSN: only root may install")
	}
	return nil
}
