"""Several machines that train one job together, each a part of it, as if they were one runner."""
