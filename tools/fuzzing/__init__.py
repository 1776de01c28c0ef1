"""The API fuzzed over HTTP, by schemathesis: `just fuzz-api`, and a test."""
