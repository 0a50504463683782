"""Does it find seeded bugs? `suite` is what each mutant meets, `hunt` plays it, `patching` makes their trees."""
