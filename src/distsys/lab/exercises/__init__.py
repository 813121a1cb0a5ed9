"""The exercises of the book, one module for each page that has some; `distsys.lab` finds them by name."""
