"""Deploying one service: build its artefact, change its stack, look whether it works."""
