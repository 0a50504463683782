"""What transactions do to the state. Read `executor`, then `payments`, `treasury`, `creation`, `administration`.

`context` is what a running transaction sees, `outcome` what it leaves, `gas` what it costs; `conservation` is what must
hold afterwards.
"""
