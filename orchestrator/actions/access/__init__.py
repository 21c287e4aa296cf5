"""Makes what proves who is who: certificates and tokens."""
