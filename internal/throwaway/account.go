package throwaway

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// account is the user a server runs as. A nil account is the user we are.
type account struct {
	uid, gid uint32
}

// unprivileged is the account for programs that refuse root; nil if we are not root.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	found, err := user.Lookup("postgres")
	if err != nil {
		found, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find a user other than root to run the server as: %w", err)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read the id of user %s: %w", found.Username, err)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read the group of user %s: %w", found.Username, err)
	}
	return &account{uint32(uid), uint32(gid)}, nil
}

// own gives path to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// reach checks that the account may enter every folder above path. Without it the server would say no more
// than "permission denied".
func (a *account) reach(path string) error {
	if a == nil {
		return nil
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if !open(dir) {
			return fmt.Errorf("%s is closed to the user the server must run as: choose another directory, cache (PHASEMIG_CACHE) or TMPDIR", dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}
