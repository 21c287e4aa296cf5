"""A page that follows jobs as they train: runner events -> live state -> server-sent events."""
