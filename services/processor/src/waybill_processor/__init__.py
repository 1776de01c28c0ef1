"""The processor: messages in, handlers run, results on record. One core, and a thin shell for each way to run it."""
