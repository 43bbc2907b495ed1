# make run    the main job, set up from nothing on Debian 12 or newer (as root)
# make check  ruff, mypy --strict, the rooms, the rules of tests/arch
# make test   the whole suite (as root)
# make vm     tests that this kernel cannot run, on Debian's own in qemu (as root): TESTS=tests/engine/volumes/test_nfs.py
# make bench  what things take, beside podman, docker and the bare runtime (as root); BENCH=--quick for a short one
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH
dev := .venv-dev/bin

.PHONY: run check test trust vm bench clean host run-time dev-time

run: run-time
	@setup/demo

check: dev-time
	$(dev)/ruff check
	$(dev)/mypy
	$(dev)/lint-imports
	$(dev)/python -m pytest -q tests/arch

# The cheap tests first: a broken rule shows within seconds. The others mostly wait, so three of them run at a time.
test: run-time dev-time
	$(dev)/python -m pytest -q $(wildcard $(addprefix tests/,arch unit contract kernel))
	$(dev)/python -m pytest -q -n 3 --dist worksteal $(wildcard $(addprefix tests/,engine race clients parity service trust))
	$(dev)/python -m pytest -q tests/setup

bench: run-time
	@.venv/bin/python bench $(BENCH)

host:
	@setup/host-packages
	@setup/criu-prefix

# Two environments: what a user of the engine runs has nothing in it that a start would pay for.
run-time: host
	@setup/venv .venv
	@.venv/bin/seabox image embed busybox >/dev/null

dev-time: host
	@setup/host-packages test
	@setup/crun-prefix
	@setup/clients-prefix
	@setup/venv .venv-dev test,check,clients

clean:
	rm -rf .venv .venv-dev .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find src tests -name __pycache__ -type d -exec rm -rf {} +

# Every row in full, podman beside it where it is installed: two hours and more. ROWS="R1 S2" for some of them.
trust: run-time dev-time
	-@$(dev)/python -c 'import atheris' 2>/dev/null || $(dev)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	-@$(dev)/python -c 'import schemathesis' 2>/dev/null || $(dev)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz-api]'
	cd tests && ../$(dev)/python -m trust $(ROWS)

vm: run-time dev-time
	@tests/vm/run $(TESTS)
