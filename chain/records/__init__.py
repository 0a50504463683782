"""Records of the state beyond accounts and currencies, one subject a module; `chain.accounts` lists them all."""
