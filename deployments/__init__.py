"""What must stand before a deployment runs: the Prefect server's settings, the demo, work pools and limits."""
