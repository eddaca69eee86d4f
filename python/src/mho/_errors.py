"""Errors and warnings: the library's status and message as Python exceptions."""

from __future__ import annotations

import warnings

from . import _native

_NAMES: dict[int, str] = _native.status_names()


class Error(Exception):
    """A call of the library failed. The message names the value, where it stands and what is allowed.

    Attributes:
        status: the library's status, below 0.
        status_name: its name, such as ``"MHO_ERR_ARG"``.
    """

    def __init__(self, message: str, status: int = -9) -> None:
        super().__init__(message)
        self.status = status

    @property
    def status_name(self) -> str:
        return _NAMES.get(self.status, "")

    def __reduce__(self):
        return (type(self), (str(self), self.status))


class ArgumentError(Error, ValueError):
    """An argument is not allowed, or shapes do not match."""


class FormatError(Error, ValueError):
    """The content of a file is not what it should be."""


class OutOfMemoryError(Error, MemoryError):
    """There is not enough memory."""


class FileError(Error, OSError):
    """A file could not be read or written."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class SingularError(Error, ArithmeticError):
    """The circuit has no unique solution."""


class DependencyError(Error):
    """A program that mho calls is not installed."""


class Cancelled(Error):
    """Stopped on request."""


class Warning(UserWarning):  # noqa: A001 - mho.Warning is the name that users see
    """Done with a reservation: an iteration did not converge; do not trust the result."""


_CLASSES: dict[str, type[Error]] = {
    "MHO_ERR_ARG": ArgumentError,
    "MHO_ERR_DIM": ArgumentError,
    "MHO_ERR_NOMEM": OutOfMemoryError,
    "MHO_ERR_IO": FileError,
    "MHO_ERR_FORMAT": FormatError,
    "MHO_ERR_SINGULAR": SingularError,
    "MHO_ERR_CANCELLED": Cancelled,
    "MHO_ERR_DEPENDENCY": DependencyError,
}


def _error(status: int, message: str) -> Error:
    """The exception for a status below 0; called by the native module."""
    return _CLASSES.get(_NAMES.get(status, ""), Error)(message, status)


def _warn(status: int, message: str) -> bool:
    """The warning for a status above 0; called by the native module."""
    warnings.warn(message, Warning, stacklevel=3)
    return True
