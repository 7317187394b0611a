# Finds a Python 3.13 for the build: PYTHON from the environment, then the usual names.
# The search runs beside this file, so that the repository's .python-version is in force; the answer is the
# interpreter's own path, which stays right in the scratch folder where the SAM CLI runs these makefiles.
HERE := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
PYTHON_3_13 := $(shell cd "$(HERE)" && for candidate in $(PYTHON) python3.13 python3 python; do \
	"$$candidate" -c 'import sys; sys.version_info[:2] == (3, 13) or sys.exit(1); print(sys.executable)' 2>/dev/null && break; done)
ifeq ($(PYTHON_3_13),)
$(error Python 3.13 was not found; install it, or set PYTHON to its path)
endif
