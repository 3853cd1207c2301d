package drive

import (
	"sync"
	"sync/atomic"
)

// Parallel returns an executor for the steps: it calls work for 0 to n-1 from
// at most limit goroutines and returns when all calls have.
func Parallel(limit int) func(n int, work func(i int)) {
	return func(n int, work func(i int)) {
		var next atomic.Int64
		var wg sync.WaitGroup
		for range min(n, limit) {
			wg.Go(func() {
				for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
					work(i)
				}
			})
		}
		wg.Wait()
	}
}
