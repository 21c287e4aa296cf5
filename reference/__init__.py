"""The site's pages: the documents, and what is made from the code. Run: ``python -m reference``."""
