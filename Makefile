# make demo: grade a whole sample class on an embedded cluster, nothing needed.
# make sim: keep that cluster up, for any Docker client, until Ctrl-C.
# make serve: its pages, for students and instructors, on such a cluster.
# make test: everything; as root on Linux also on three real engines.

GO      ?= go
BIN     := bin/grade
LINT    := $(GO) tool -modfile=.tools/go.mod golangci-lint
SEEDS   ?= 3
GOOD    ?= 200
AT_ONCE ?= 3
LABS    := discovery ha-lb ha-ops sticky strategies
STUDENTS ?= 2024001,2024008,2024012,2024027,2024029,2024031,2024047,2024058

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: accuracy build contract demo good hints lab newest newest-some serve test lint bench clean man release

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/grade

# What is handed out: without symbol tables, and with its version.
release:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.release=$(VERSION)' -o $(BIN) ./cmd/grade

# The manual pages, one a command, in bin/man.
man: build
	$(BIN) man bin/man

demo: build
	$(BIN) --class 2024A

sim: build
	$(BIN) sim

# The pages of a sample class on an embedded cluster, until Ctrl-C.
serve: build
	$(BIN) serve --class 2024A

# The same on a real three-node Swarm, good students and broken ones.
lab: build
	@test "$$(id -u)" = 0 || { echo "make lab starts three Docker engines and needs root: sudo make lab" >&2; exit 2; }
	$(BIN) lab status >/dev/null 2>&1 || $(BIN) lab up
	$(BIN) lab deploy --class lab --students $(STUDENTS)
	$(BIN) --class lab --task 2 --students $(STUDENTS)

test:
	$(GO) vet ./...
	GORACE=atexit_sleep_ms=0 $(GO) test -race -timeout 25m $$($(GO) list ./... | grep -v /fixtures/contract)
	$(GO) test -run 'TestBombs|TestHostileFilesTakeLittleWork|TestHintsLeadToFullMarks|TestOneStudentsFlood|TestOrdersOfEachAlgorithm' ./grader/roster ./grader/haproxy ./cmd/grade # bounds on work and time mean nothing with -race, and counts are the same without
	$(GO) test -count=1 -run TestTheGapOfASingleReplica ./grader # what a machine that is late sees is open
	$(GO) test -run 'TestScripts/(instructor|student)' ./cmd/grade
	$(GO) test -count=1 -timeout 20m ./fixtures/contract
	$(GO) test -count=1 -timeout 20m -run 'TestWrongJudgesAreNoticed/^(discovery|ha-lb|strategies)$$' ./cmd/grade # make accuracy: all

# The contract suite on the engine and the HAProxy of another Debian release.
RELEASE ?= forky
CASES ?= Real
# What is worth its time with every change: no node fails in it.
SOME = TestReal/together/^(archive|configs|container|container-list|container-refused|docker-container|events|exec|haproxy-balance|haproxy-names|haproxy-refuses|networks|ping|rejected|service|task-container|tasks)$$
newest-some:
	$(MAKE) newest CASES='$(SOME)'

newest:
	GRADE_LAB_RELEASE=$(RELEASE) $(GO) test -count=1 -timeout 20m -v ./fixtures/contract -run '$(CASES)'

# Every sample student types what the hints say, until all points are there.
hints:
	$(GO) test -count=1 -v ./cmd/grade -run TestHintsLeadToFullMarks

lint:
	@bad=$$(gofmt -l cmd fixtures grader loadgen rubrics); test -z "$$bad" || { echo "not formatted: $$bad" >&2; exit 1; }
	$(GO) vet ./...
	$(LINT) run

# The contract suite on the embedded cluster and, as root, on real engines.
contract:
	$(GO) test -count=1 -timeout 20m ./fixtures/contract

# Stated against given outcomes of every sample deployment, for each check; and judges that are
# wrong about one check, which has to show.
accuracy: build
	for lab in $(LABS); do $(BIN) rubric test $$lab --seeds $(SEEDS) || exit; done
	$(GO) test -count=1 -timeout 30m -run TestWrongJudgesAreNoticed ./cmd/grade

# Good deployments, graded with many seeds, of each lab: not one point is to be lost. At 200
# seeds that takes about an hour and a half on two processors; GOOD=5 is a try.
good: build
	for lab in $(LABS); do $(BIN) rubric test $$lab --good --seeds $(GOOD) --at-once $(AT_ONCE) --quiet || failed="$$failed $$lab"; done; \
	test -z "$$failed" || { echo "points lost:$$failed" >&2; exit 1; }

# Benchmarks, and time and memory of grading and of writing whole classes of 10, 100 and 1000 students.
bench:
	$(GO) test ./loadgen -run '^$$' -bench 'Paired|Memory' -benchtime 1x
	$(GO) test ./loadgen -run '^$$' -bench 'Attribution|Exists|Histogram|Attacker'
	$(GO) test ./grader/... -run '^$$' -bench .
	$(GO) test ./cmd/grade -run '^$$' -bench FaultWindow -benchtime 3x
	$(GO) test ./cmd/grade -run '^$$' -bench Regrade -benchtime 5x # "s-of-200": less than 5
	$(GO) test ./cmd/grade -run '^$$' -bench Serve -benchtime 1x # "p95-ms": less than 100 on two processors
	$(GO) test ./cmd/grade -run '^$$' -bench Class -benchtime 1x -timeout 60m
	$(GO) test ./cmd/grade -run '^$$' -bench Paper -benchtime 1x -timeout 60m -v # up to 10,000 students, nothing sent

clean:
	rm -rf bin
