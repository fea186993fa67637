"""The only place that knows Prefect: settings, wiring, flows and tasks, the command line."""
