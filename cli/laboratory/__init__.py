"""The commands of `mithqal lab`, one module each; the group is in `cli/commands/`."""
