"""The site's pages: the documents, and those generated from the code: ``python -m reference``."""
