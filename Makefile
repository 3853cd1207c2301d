# Shorthands; CONTRIBUTING.md says what each is for.
.PHONY: help check test race lint generate golden demo

help:
	@echo "make check | test | race | lint | generate | golden | demo"

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

demo:
	go run ./cmd/labsync demo
