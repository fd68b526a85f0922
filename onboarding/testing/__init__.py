"""The functional tests (guide 7.3): test charges, what they prove, and the verdicts."""
