"""Several tests run at once on few cores: a team of threads for each would only spin, so linear algebra has one."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is loaded
