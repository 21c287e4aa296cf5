"""Cannot be imported, as where a library of the framework is missing."""

raise ImportError("libplanted.so.1: cannot open shared object file")
