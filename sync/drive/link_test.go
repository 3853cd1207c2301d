package drive

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

// tray is a Link that lets the test answer each page.
type tray struct {
	pages  chan []index.Update
	answer chan error

	mu   sync.Mutex
	most int // pages under way at once
	now  int
}

func newTray() *tray {
	return &tray{pages: make(chan []index.Update), answer: make(chan error)}
}

func (l *tray) Announce(ctx context.Context, updates []index.Update, _ int64) error {
	l.mu.Lock()
	l.now++
	l.most = max(l.most, l.now)
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.now--
	}()
	select {
	case l.pages <- updates:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-l.answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

var far = device.ID{9}

func started(t *testing.T) *node {
	t.Helper()
	a := newNode(t, 1)
	a.write("file", "content")
	a.start()
	settle()
	return a
}

func TestAPageThatFailedIsSentAgainByTheNextLinkOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, one, two := started(t), newTray(), newTray()
		a.must(a.PeerUp(t.Context(), far, 0, one))
		<-one.pages
		one.answer <- errors.New("gone")
		a.save("other", "content")
		settle()
		select {
		case <-one.pages:
			t.Fatal("a link that had failed was used again")
		default:
		}
		a.must(a.PeerUp(t.Context(), far, 0, two))
		if page := <-two.pages; len(page) != 2 {
			t.Errorf("the next link was sent %d updates; want both", len(page))
		}
		two.answer <- nil
		a.stop()
	})
}

func TestPagesToOneDeviceNeverOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, link := started(t), newTray()
		a.must(a.PeerUp(t.Context(), far, 0, link))
		<-link.pages
		// The exchange begins anew while that page is still on its way.
		a.save("file", "newer content")
		a.must(a.PeerUp(t.Context(), far, 0, link))
		synctest.Wait()
		link.answer <- nil
		<-link.pages
		link.answer <- nil
		synctest.Wait()
		link.mu.Lock()
		most := link.most
		link.mu.Unlock()
		if most != 1 {
			t.Error("two pages were under way at once: the later one may arrive first")
		}
		a.stop()
	})
}

func TestAPageDecidedOnForOneLinkDoesNotGoByTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, one, two, three := started(t), newTray(), newTray(), newTray()
		a.must(a.PeerUp(t.Context(), far, 0, one))
		<-one.pages
		a.must(a.PeerUp(t.Context(), far, 0, two)) // its page waits for the one before
		a.must(a.PeerUp(t.Context(), far, 0, three))
		synctest.Wait()
		one.answer <- errors.New("gone")
		<-two.pages
		two.answer <- errors.New("gone")
		if page := <-three.pages; len(page) != 1 {
			t.Errorf("the last link was sent %d updates; want the one that was lost", len(page))
		}
		three.answer <- nil
		a.stop()
	})
}

func TestTheEndOfALinkThatWasReplacedChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, one, two := started(t), newTray(), newTray()
		a.must(a.PeerUp(t.Context(), far, 0, one))
		<-one.pages
		one.answer <- errors.New("gone")
		who, err := a.mem.Identity(t.Context())
		a.must(err)
		a.must(a.PeerUp(t.Context(), far, who.Sequence, two))
		a.must(a.PeerDown(t.Context(), far, one)) // late
		a.save("other", "content")
		<-two.pages // or nothing is sent any more
		two.answer <- nil
		a.must(a.PeerDown(t.Context(), far, two))
		a.save("third", "content")
		settle()
		a.stop()
	})
}
