"""Taking a CPO from the first mail to signed off (guide 7): rules, stages, tests, sign-off, ending it."""
