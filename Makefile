# Shorthands; CONTRIBUTING.md says what each is for.
.PHONY: help check test race lint generate golden growth bench crash sim demo

help:
	@echo "make check | test | race | lint | generate | golden | growth | bench | crash | sim | demo"

check: # what CI runs
	.ci/run

test:
	go test ./...

race:
	.ci/run tests

lint:
	.ci/run lint

generate:
	go generate ./...

golden: # accept what the command line prints now
	UPDATE_SCRIPTS=1 go test ./cmd/labsync

growth: # what a file costs in folders of up to a million; minutes and 9 GB of disk
	go test ./integration/growth -run '^$$' -bench . -benchtime 1x -timeout 2h

bench: # labsync beside rsync and Syncthing, and what it could reach; as root, an hour or two
	go run ./integration/bench -runs 3 -out docs/benchmarks -into docs/performance.md

crash: # 2,400 images of real file systems after a loss of power; needs root
	LABSYNC_CRASH_IMAGES=$${N:-2400} go test -count=1 -v -timeout 60m ./integration/crash

sim: # N simulated cases from SEED on, on all cores; the summary goes to the file JSON, too
	go test -count=1 -v -timeout 0 -run TestDevicesConverge ./integration/sim -sim.n $${N:-10000} -sim.seed $${SEED:-1} $(if $(JSON),-sim.json $(abspath $(JSON)))

demo:
	go run ./cmd/labsync demo
