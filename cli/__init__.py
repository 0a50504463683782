"""The hand: the command `mithqal`, which asks, prints and exits, and holds no rule of protocol or money.

Reading order: `main` (the root group, which loads a command only when it is named), `options`, `output`
(the only printer), then `commands`, one file a command, and `story`, which tells the demo.
"""
