"""What a migration means: the contract, the SQL it compiles to, the lifecycle and its steps; no framework, no transport."""
