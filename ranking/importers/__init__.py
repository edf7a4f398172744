"""Readers of files from outside: records and refusals come out, nothing is written."""
