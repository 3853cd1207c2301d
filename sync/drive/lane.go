package drive

import (
	"context"
	"sync"
)

// lane runs jobs one after another, in order, without a bound: those who give
// jobs have bounds of their own.
type lane struct {
	mu   sync.Mutex // guards jobs
	jobs []func(context.Context) error
	more chan struct{} // has room for one
}

func newLane() *lane { return &lane{more: make(chan struct{}, 1)} }

func (l *lane) add(job func(context.Context) error) {
	l.mu.Lock()
	l.jobs = append(l.jobs, job)
	l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
}

func (l *lane) take() func(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.jobs) == 0 {
		return nil
	}
	job := l.jobs[0]
	l.jobs[0] = nil
	l.jobs = l.jobs[1:]
	return job
}

// run runs jobs until the context ends or a job fails.
func (l *lane) run(ctx context.Context) error {
	for {
		for job := l.take(); job != nil; job = l.take() {
			if err := job(ctx); err != nil {
				return err
			}
		}
		select {
		case <-l.more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
