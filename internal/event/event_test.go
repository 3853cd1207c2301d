package event

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func ids(events []Event) []int64 {
	out := []int64{}
	for _, e := range events {
		out = append(out, e.ID)
	}
	return out
}

func TestSince(t *testing.T) {
	tests := []struct {
		name     string
		appended int
		cursor   int64
		limit    int
		want     []int64
		next     int64
	}{
		{"nothing has happened", 0, 0, 10, []int64{}, 0},
		{"all from the beginning", 3, 0, 10, []int64{1, 2, 3}, 3},
		{"only what is new", 3, 2, 10, []int64{3}, 3},
		{"nothing is new", 3, 3, 10, []int64{}, 3},
		{"a page", 3, 0, 2, []int64{1, 2}, 2},
		{"a slow reader sees the gap", 10, 2, 10, []int64{7, 8, 9, 10}, 10},
		{"a page after the gap", 10, 2, 1, []int64{7}, 7},
		{"a cursor of an earlier run", 3, 900, 10, []int64{1, 2, 3}, 3},
		{"a negative cursor", 3, -1, 10, []int64{1, 2, 3}, 3},
		{"no room", 3, 1, 0, []int64{}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log := New(4)
			for range tt.appended {
				log.Append(Event{Type: FilePlaced})
			}
			events, next := log.Since(tt.cursor, tt.limit)
			if !slices.Equal(ids(events), tt.want) || next != tt.next {
				t.Errorf("Since(%d, %d) = %v, %d; want %v, %d", tt.cursor, tt.limit, ids(events), next, tt.want, tt.next)
			}
		})
	}
}

func TestWaitReturnsWhenAnEventArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := New(4)
		log.Append(Event{})
		if err := log.Wait(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- log.Wait(t.Context(), log.Last()) }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatal("Wait returned without an event: ", err)
		default:
		}
		log.Append(Event{})
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := log.Wait(ctx, 2); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestManyWritersGetDistinctIDs(t *testing.T) {
	log := New(1000)
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for range 100 {
				log.Append(Event{})
			}
		})
	}
	writers.Wait()
	events, _ := log.Since(0, 1000)
	for i, e := range events {
		if e.ID != int64(i+1) {
			t.Fatalf("event %d has ID %d", i, e.ID)
		}
	}
	if len(events) != 800 {
		t.Errorf("%d events", len(events))
	}
}
