"""The processor as a Lambda function: cold start, batches, and what a million tasks cost: `./justw bench lambda`."""
