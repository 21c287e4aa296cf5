"""Which of several layers that are alike is which: by what they do with one batch."""
