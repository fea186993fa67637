"""What a migration means: the contract, its SQL, the lifecycle and its steps; no framework, no transport."""
