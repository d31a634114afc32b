//go:build !linux

package throwaway

// MemoryDir is "": which directory is in memory is known on Linux only.
func MemoryDir() string { return "" }
