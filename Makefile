# Shorthands; CONTRIBUTING.md says what each is for.
.PHONY: help check test race lint generate golden growth demo

help:
	@echo "make check | test | race | lint | generate | golden | growth | demo"

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

demo:
	go run ./cmd/labsync demo
