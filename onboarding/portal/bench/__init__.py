"""The test bench: the CPO's engineer tries our side against their server, in the test environment, by themselves."""
