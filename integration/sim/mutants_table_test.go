//go:build mutants

package sim

// The numbers are those of the design's list of mutants.
var mutants = []mutant{
	{
		name:  "M1 what was displaced is looked at neither at once nor later",
		trips: []string{"I2"},
		aim:   []Kind{Ambush},
		edits: []edit{
			{"sync/pull/replace.go", "	s.saved = !same\n", "	s.saved = !same && false\n"},
			{"sync/pull/recheck.go", "	if err != nil || same {\n", "	if err != nil || same || true {\n"},
		},
	},
	{
		name:  "M2 a deletion takes away what it has not compared",
		trips: []string{"I2"},
		aim:   []Kind{Ambush, Remove},
		edits: []edit{
			{"sync/pull/remove.go", "	if !g.asExpected(s, s.path, s.held, info, err) {\n		return\n	}\n	if err := g.opt.Fault(\"pull.delete\")", "	_ = info\n	if err := g.opt.Fault(\"pull.delete\")"},
			{"sync/pull/replace.go", "	if same {\n		return true\n	}", "	if same || s.a.Want.Deleted {\n		return true\n	}"},
		},
	},
	{
		name:  "M3 a temporary file is not made durable",
		trips: []string{"I3", "I4"},
		aim:   []Kind{Crash},
		edits: []edit{{"sync/pull/job.go", "	if err := j.file.Sync(); err != nil {\n		// After", "	if err := error(nil); err != nil {\n		// After"}},
	},
	{
		name:  "M4 directories are not made durable before the index",
		trips: []string{"I4"},
		aim:   []Kind{Crash},
		edits: []edit{{"sync/pull/place.go", "		errs[i] = g.syncDir(dirs[i])\n", "		errs[i] = nil\n"}},
	},
	{
		name:  "M5 a plan is carried out, and recorded, though the index went on",
		trips: []string{"I2", "I7"},
		aim:   []Kind{Ambush, Ambush, Edit},
		edits: []edit{
			{"sync/pull/group.go", "return holdsVersion(s.held, s.a.Base()) && s.expects()", "return s.expects()"},
			{"sync/engine/outcome.go", "		a, err := e.decideAgain(ctx, known[o.Name], &was)\n", "		a, err, _ := was, error(nil), known\n"},
			{"sync/engine/work.go", "return w.recorded[name] > 0 }", "return false }"},
			{
				"index/internal/register/change.go", "	if !r.holds(c.Base) {\n		return false, false\n	}\n",
				`	if !r.holds(c.Base) {
		var others []Version
		for _, v := range r.Versions {
			if !v.Held {
				others = append(others, v)
			}
		}
		r.Versions = others
	}
`,
			},
		},
	},
	{
		name:  "M7 the index says so before directories are durable",
		trips: []string{"I4"},
		aim:   []Kind{Crash},
		edits: []edit{
			{"sync/pull/place.go", "	g.barrier()\n	if err := g.opt.Fault(\"pull.durable\")", "	if err := g.opt.Fault(\"pull.durable\")"},
			{"sync/pull/place.go", "	g.commit()\n	return lentErr", "	g.commit()\n	g.barrier()\n	return lentErr"},
		},
	},
	{
		name:  "M8 announced before it is durable",
		trips: []string{"I5"},
		aim:   []Kind{Crash},
		edits: []edit{{"sync/pull/commit.go", "g.idx.Commit(g.ctx, changes, true)", "g.idx.Commit(g.ctx, changes, false)"}},
	},
	{
		name:  "M9 what stands here wins",
		trips: []string{"I1", "I8"},
		edits: []edit{{
			"sync/plan/decide.go", "	a.Want = out.Winner\n	if why",
			`	for i := range out.Losers {
		if s.Local != nil && out.Losers[i].Version.Compare(s.Local.Entry.Version) == index.Equal {
			out.Winner, out.Losers[i] = out.Losers[i], out.Winner
		}
	}
	a.Want = out.Winner
	if why`,
		}},
	},
	{
		name:  "M10 the winner takes the vectors of all heads",
		trips: []string{"I1", "I2"},
		edits: []edit{{"conflict/join.go", "out.Losers = append(out.Losers, *h)", "out.Winner.Version = out.Winner.Version.Merge(h.Version)"}},
	},
	{
		name:  "M11 whoever takes note of a version makes one of their own",
		trips: []string{"I6"},
		edits: []edit{{
			"sync/engine/planning.go", "			commit.Changes = append(commit.Changes, note(&a))\n",
			`			if a.Have != nil && !a.Want.Deleted {
				a.Want.Version = a.Want.Version.Bump(e.Replica(), e.now.Unix())
				a.Want.ModifiedBy = e.Replica()
			}
			commit.Changes = append(commit.Changes, note(&a))
`,
		}},
	},
	{
		name:  "M14 a start clears the work directory",
		trips: []string{"I2"},
		aim:   []Kind{Kill, Crash},
		edits: []edit{{
			"sync/pull/recover.go", "	rep, err := p.settle(ctx)\n",
			`	infos, _ := p.fs.ReadDir(folderfs.DisplacedDir)
	for i := range infos {
		_ = p.fs.Remove(folderfs.DisplacedDir + "/" + infos[i].Name)
	}
	rep, err := p.settle(ctx)
`,
		}},
	},
	{
		name:  "M15 bytes of this disk are not verified",
		trips: []string{"I14"},
		aim:   []Kind{Copy, Keep, Edit},
		edits: []edit{{"sync/pull/local.go", "		if !ok || !isBlock(buf, &n.block) {", "		if !ok {"}},
	},
	{
		name:  "M16 neither name nor version of a sibling tells its content",
		trips: []string{"I2", "I7"}, // two contents of one name, or one that is gone
		aim:   []Kind{Edit, Edit, Edit, Part},
		edits: []edit{
			{"conflict/sibling.go", `%s UTC, %x)", authorText(loser, by), when.Format("2006-01-02 15.04"), loser.Hash[:5])`, `%s UTC)", authorText(loser, by), when.Format("2006-01-02 15.04"))`},
			{"conflict/sibling.go", "	s.Version = loser.Version.Aside()\n", ""},
		},
	},
	{
		name:  "M21 a file that changed while it was read is announced",
		trips: []string{"I3", "I7", "I4"},
		aim:   []Kind{Ambush, Ambush, Edit},
		edits: []edit{{
			"sync/scan/examine.go", "	if !replaced && after.Size == before.Size && after.Mtime == before.Mtime && after.Ctime == before.Ctime {",
			"	if true {",
		}},
	},
	{
		name:  "M22 equal size and time mean equal content",
		trips: []string{"I1", "I2"},
		aim:   []Kind{Keep, Edit},
		edits: []edit{
			{"sync/scan/compare.go", " && (!caps.Ctime || d.Ctime == in.Ctime) && !racy(d, caps)", ""},
			{"sync/scan/compare.go", "	if caps.StableInodes && d.Inode != in.Inode || caps.Modes", "	if caps.Modes"},
		},
	},
	{
		name:  "M24 a sync that failed is tried once more",
		trips: []string{"I3", "I4"},
		aim:   []Kind{BadSync, Crash},
		edits: []edit{{"sync/pull/job.go", "	if err := j.file.Sync(); err != nil {\n		// After", "	if err := j.file.Sync(); err != nil && j.file.Sync() != nil {\n		// After"}},
	},
	{
		name:  "M25 a directory that cannot be listed counts as empty",
		trips: []string{"I17", "I19"},
		aim:   []Kind{BadRead},
		edits: []edit{
			{"sync/scan/walk.go", "	l.infos, l.err = p.fs.ReadDir(dir.spelled)\n", "	l.infos, _ = p.fs.ReadDir(dir.spelled)\n"},
			{"sync/scan/cursor.go", "	if _, _, err := p.resolve(name); !absent(err) {\n", "	if _, _, err := p.resolve(name); !absent(err) && false {\n"},
		},
	},
	{
		name:  "M26 a new index goes by the old one's name",
		trips: []string{"I1", "I5"},
		aim:   []Kind{Forget},
		edits: []edit{{"index/memstore/memstore.go", "	return s, s.renew()\n", "	err := s.renew()\n	s.identity.Index = 1\n	return s, err\n"}},
	},
	{
		name:  "the intent is lost",
		trips: []string{"I2", "I19"},
		aim:   []Kind{Kill, Ambush},
		with:  "noexchange=true",
		edits: []edit{{
			"sync/pull/commit.go", "	for i, s := range owners {\n		s.intents = append(s.intents, ids[i])\n",
			"	_ = g.idx.Abandon(g.ctx, ids)\n	for i, s := range owners {\n		s.intents = append(s.intents, ids[i])\n",
		}},
	},
	{
		name:  "a deletion unlinks",
		trips: []string{"I2"},
		aim:   []Kind{Remove},
		edits: []edit{{"sync/pull/remove.go", "	if g.takeAway(s) {\n		s.end = placed\n", "	if g.takeAway(s) {\n		_ = g.fs.Remove(s.work)\n		s.end = placed\n"}},
	},
	{
		name:  "an echo becomes an edit",
		trips: []string{"I19"},
		edits: []edit{{"sync/plan/record.go", "	if local != nil && sameEntry(local, &o.Entry) && ", "	if false && local != nil && sameEntry(local, &o.Entry) && "}},
	},
	{
		name:  "what a crash left unrecorded becomes an edit",
		trips: []string{"I19"},
		aim:   []Kind{Ambush, Kill, Kill},
		edits: []edit{
			{"sync/plan/record.go", "	if head := agreeing(s, local, &c.Entry, l); head != nil {", "	if head := agreeing(s, local, &c.Entry, l); head != nil && false {"},
			{"sync/pull/recover.go", "		if err := p.adoptCreated(ctx, &rep); err != nil {", "		if err := error(nil); err != nil {"},
		},
	},
	{
		name:  "a copied index goes on as the same replica",
		trips: []string{"I5", "I7"},
		aim:   []Kind{Backdate, Restore, Clone},
		edits: []edit{{"index/memstore/identity.go", "	return s.identify(ctx, s.renew)\n", "	return s.identify(ctx, func() error { return nil })\n"}},
	},
	{
		name:  "a file half fetched is taken for whole",
		trips: []string{"I14", "I3"},
		aim:   []Kind{Part, Crash, Kill},
		edits: []edit{
			{"sync/pull/job.go", "		return p.resume(ctx, j)\n", "		j.needs = nil\n		return nil\n"},
			{"sync/pull/job.go", "const smallFile = 1 << 20", "const smallFile = 1"}, // every file is a large one
		},
	},
	{
		name:  "bytes of other devices are not verified",
		trips: []string{"I14"},
		aim:   []Kind{Corrupt},
		edits: []edit{{"sync/pull/answer.go", "if w.end = wrong; isBlock(p, b) {", "if w.end = wrong; len(p) == int(b.Size) {"}},
	},
	{
		name:  "late writers are forgotten",
		trips: []string{"I2"},
		aim:   []Kind{Hold, HeldIn},
		edits: []edit{{"sync/pull/recheck.go", "	if err != nil || same {\n", "	if err != nil || same || true {\n"}},
	},
	{
		name:  "a deletion wins over an edit it does not know",
		trips: []string{"I2"},
		aim:   []Kind{Remove},
		edits: []edit{{"conflict/join.go", "	if tombstone.Version.Dominates(live.ContentAt()) {", "	if true {"}},
	},
	{
		name:  "a file that was moved is not looked at again",
		trips: []string{"I1", "I4", "I14"},
		aim:   []Kind{Ambush, Rename},
		edits: []edit{
			{"sync/pull/remove.go", "	same, err := g.asHeld(g.ctx, s.path, info, s.a.From)\n", "	same, err := true, error(nil)\n"},
			{"sync/pull/remove.go", "		intact = intact && err == nil\n", "		intact = true\n"},
		},
	},
	{
		name:  "heads that come while a decision is made are not planned",
		trips: []string{"I1", "I20"},
		edits: []edit{{"index/internal/register/change.go", "		if !h.Held && !contains(c.Heads, h.Entry.Version) {\n", "		if false && !h.Held {\n"}},
	},
	{
		name:  "after a loss of power facts are believed",
		trips: []string{"I1", "I3", "I4"},
		aim:   []Kind{Crash},
		edits: []edit{{"sync/pull/recover.go", "		if err := p.distrust(ctx, &rep, flags, lastLook); err != nil {\n", "		_ = lastLook\n		if err := error(nil); err != nil {\n"}},
	},
	{
		name:  "names that a file system does not tell apart are taken for one at a start",
		trips: []string{"I19"},
		aim:   []Kind{Recase, Kill},
		with:  "nocase=true",
		edits: []edit{{"sync/pull/names.go", "	if !alike(name, found) {\n		return false\n	}\n", "	if true {\n		return true\n	}\n"}},
	},
}
