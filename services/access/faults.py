"""What ends a runner before it serves: files of TLS or of identities that cannot be used."""


class AccessFault(Exception):
    """A sentence about the file."""
