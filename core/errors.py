"""The one exception that means: the input is at fault, and here is what to do."""


class InputError(Exception):
    """Expected failure, shown to the person as it is.

    The message is one sentence that names the culprit (a file, an option) and the remedy. Anything
    else that is raised is a bug and is shown as one.
    """
