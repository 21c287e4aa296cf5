"""Training with Keras: what its users write, and one trainer for each of its backends.

`services.tensorflow` takes its idiomatic recipe from here too. Keras chooses its backend when it is
imported: whoever imports a module of this folder sets KERAS_BACKEND before.
"""
