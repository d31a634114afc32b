package shadow

import "sync"

// calm is about how many rows can be held against each other before the application changes one of them: more differ
// nearly always and are read for nothing, far fewer cost statements. Nothing rests on it but time.
type calm struct {
	mu   sync.Mutex
	most int64 // 0: any number, as where nobody writes
}

// everyRow is a number that is calm for good.
const everyRow = 200_000

// rows is how many are to be compared at once, no more than bound; 0: all.
func (c *calm) rows(bound int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most == 0 || bound == 0 {
		return max(c.most, bound)
	}
	return min(c.most, bound)
}

// saw takes what a comparison of so many rows showed.
func (c *calm) saw(rows int64, same bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !same && (c.most == 0 || rows <= c.most):
		c.most = max(rows/2, fewRows/2)
	case same && c.most > 0 && rows > c.most/2:
		c.most += c.most / 8
	}
	if c.most > everyRow {
		c.most = 0
	}
}
