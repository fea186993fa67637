"""Turns a row of a view into a DynamoDB item, exactly or not at all; ships to Glue, so Python 3.9 and nothing else."""
