"""SIGKILL at every point of the lifecycle, on real servers; `make test-crash` and `make test-soak`."""
