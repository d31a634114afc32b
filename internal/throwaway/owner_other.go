//go:build !linux

package throwaway

import "os"

func own(string) (*os.File, error) { return nil, nil }

// sweep leaves everything: a server may have survived the process that started it.
func sweep(string) {}
