"""The orchestrator: sends one job to several runners, keeps what they report, and compares it."""
