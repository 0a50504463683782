"""The commands of `mithqal reserve` and `mithqal corridor`, one module each; the groups are in `cli/commands/`."""
