"""Hostile input for every reader of files from outside (readers.py): valid specimens, spoilt with and without respect for
their structure (mutations.py, formats.py), and what a reader may do with them (property.py). bin/fuzz runs many, bin/test a few;
what failed once lies in seeds/ and is read in every run of the tests."""
