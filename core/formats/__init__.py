"""Files of cameras that other tools read and write: names of photos with a `Camera` for each.

A reader gives back what a writer was given, as far as the form can hold it. Whatever the axes and
directions of a form are, here they are turned to and from those of `core`. Readers believe nothing:
sizes, counts and numbers are checked before they are used, and only regular files are opened.
"""
