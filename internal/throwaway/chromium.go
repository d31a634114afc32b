package throwaway

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os/exec"
)

// chromium is no server: only its program is wanted.
const chromium Kind = "chromium"

// Chromium is the path of a Chromium or Chrome on PATH. Where there is none it is installed from the distribution's package,
// if the options allow it, whose progress goes to the Log.
func Chromium(ctx context.Context, o Options) (string, error) {
	if path, ok := browserOnPath(); ok {
		return path, nil
	}
	if !o.AllowInstall {
		return "", errors.New("no Chromium on PATH: install the package chromium")
	}
	if err := install(ctx, chromium, cmp.Or(o.Log, io.Discard)); err != nil {
		return "", err
	}
	if path, ok := browserOnPath(); ok {
		return path, nil
	}
	return "", errors.New("the package chromium is installed and brought no program of that name")
}

func browserOnPath() (string, bool) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	return "", false
}
