"""A network of real validator processes on one machine: `build` makes its directory, `supervisor` runs it."""
