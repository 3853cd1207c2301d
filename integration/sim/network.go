package sim

// network carries out an operation on links.
func (w *World) network(o Operation) error {
	switch o.Kind {
	case Part:
		l := w.links[o.Count%len(w.links)]
		l.wanted = false
		w.cut(l, false)
	case Meet:
		w.links[o.Count%len(w.links)].reach(w.now)
	case Drop:
		w.cut(w.links[o.Count%len(w.links)], true)
	case Lag:
		w.links[o.Count%len(w.links)].slow = w.now + o.For
	case Split:
		for _, l := range w.links {
			if o.Count>>l.a.number()&1 != o.Count>>l.b.number()&1 {
				l.wanted = false
				w.cut(l, true)
			}
		}
	case Heal:
		w.heal()
	}
	return nil
}

// reach lets the ends of a link connect.
func (l *link) reach(now int64) { l.wanted, l.at = true, min(l.at, now) }

func (w *World) heal() {
	for _, l := range w.links {
		l.reach(w.now)
	}
}

// number is which of the devices it is.
func (d *Device) number() int { return int(d.name[0] - 'a') }
