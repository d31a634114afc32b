package throwaway

import (
	"os"
	"path/filepath"
)

// sharedCache is where root keeps the programs if its home is closed to the user PostgreSQL runs as.
const sharedCache = "/var/cache/phasemig"

// CacheDir is where the install script puts the servers and where prepared data directories are kept. The
// script has the same rule.
func CacheDir() string {
	if dir := os.Getenv("PHASEMIG_CACHE"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil || os.Geteuid() == 0 && !open(home) {
		return sharedCache
	}
	return filepath.Join(home, ".cache", "phasemig")
}

// caches are the directories to look for unpacked servers in: an installation made with sudo may lie in the
// shared one.
func caches() []string {
	return []string{CacheDir(), sharedCache}
}

// open reports whether everybody may enter dir.
func open(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.Mode().Perm()&0o001 != 0
}
