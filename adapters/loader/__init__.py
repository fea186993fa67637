"""The program that AWS Glue runs: reads chunks of a view, turns rows into items, writes them (Python 3.9)."""
