"""The local runtime: a private SQL server, an AWS emulator and an imitation of Glue, for laptops and tests."""
