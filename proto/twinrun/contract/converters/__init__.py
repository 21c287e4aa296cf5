"""What the wire says as dataclasses, and back; both directions of one thing side by side."""
