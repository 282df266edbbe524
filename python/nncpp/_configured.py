"""Objects that are their arguments: layers, initializers, regularizers, losses, metrics, optimizers."""

import inspect
from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar, cast

import numpy as np

from ._arguments import shown
from .errors import DataError, NncppError

Options = TypeVar("Options", bound=Mapping[str, object])


class UnknownKindError(DataError):
    """A description names a kind that no class has."""


class Configured(ABC):
    """Keeps each argument of ``__init__`` as an attribute of that name, set once.

    So it prints itself, becomes JSON by ``config`` and comes back by ``from_config``. A direct subclass is a family
    (Layer, Loss, ...) and knows its members by their kind: the class name, or ``class L2(Regularizer, kind="l2")``.
    A class that is abstract, or whose name begins with "_", is no member, only a base of some.
    """

    kind: ClassVar[str]
    _members: ClassVar[dict[str, type["Configured"]]]
    _elsewhere: ClassVar[Mapping[str, str]] = {}  # names that other libraries use, and the kinds nearest to them

    def __init_subclass__(cls, kind: str | None = None) -> None:
        super().__init_subclass__()
        if Configured in cls.__bases__:
            cls._members = {}
        elif not cls.__name__.startswith("_") and not _is_abstract(cls):
            cls.kind = kind or cls.__name__
            cls._members.setdefault(cls.kind, cls)
            if _place(cls._members[cls.kind]) != _place(cls):
                raise DataError(
                    f"{cls.__name__}: the kind {cls.kind!r} is that of {_place(cls._members[cls.kind])} already; "
                    f'choose another: class {cls.__name__}({cls.__bases__[0].__name__}, kind="...")'
                )
            cls._members[cls.kind] = cls  # a notebook defines a class again and again

    def __setattr__(self, name: str, value: object) -> None:
        if name in self.__dict__:
            kind = type(self).__name__
            raise AttributeError(f"{kind}.{name} is fixed once the object is made; make a new {kind}")
        super().__setattr__(name, value)

    def config(self) -> dict[str, Any]:
        """The kind and the arguments, as JSON has them."""
        return {"kind": self.kind, **{name: _plain(self._kept(name)) for name in _parameters(type(self))}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The object that ``config`` describes."""
        arguments = dict(config)
        kind = arguments.pop("kind", None)
        if kind not in cls._members:
            raise UnknownKindError(f"unknown {_family(cls)} {kind!r}; expected one of {', '.join(cls._members)}")
        return cast(Self, cls._members[kind](**arguments))

    @classmethod
    def of(cls, value: object, argument: str) -> Self:
        """What a caller means who gives an object of this family, its name, or its config."""
        if isinstance(value, cls):
            return value
        names = ", ".join(cls._members)
        if isinstance(value, str):
            if value not in cls._members:
                advice = f"; use {cls._elsewhere[value]!r}" if value in cls._elsewhere else ""
                raise DataError(f"{argument}: unknown {_family(cls)} {value!r}; expected one of {names}{advice}")
            return cast(Self, cls._members[value]())
        if isinstance(value, Mapping):
            return cls.from_config(value)
        if isinstance(value, type) and issubclass(value, cls):
            raise TypeError(f"{argument}: got the class {value.__name__}; write {value.__name__}(...)")
        raise TypeError(f"{argument}: expected an nncpp {_family(cls)} or a name ({names}), got {shown(value)}")

    def changed_arguments(self) -> dict[str, Any]:
        """Those that are not as by default."""
        return {
            name: self._kept(name)
            for name, parameter in _parameters(type(self)).items()
            if not _is_default(self._kept(name), parameter.default)
        }

    def _known(self, options: Options) -> Options:
        """The options, which a base class takes; TypeError for one that it would refuse in its own name."""
        own = _parameters(type(self))
        family = [base for base in type(self).__mro__ if issubclass(base, Configured)]  # a subclass may fix arguments
        for name in options:
            if not any(name in _parameters(base) for base in family):
                kind = type(self).__name__
                raise TypeError(f"{kind}: unexpected argument {name!r}; expected some of {', '.join(own)}")
        return options

    def _kept(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError:
            kind = type(self).__name__
            raise NncppError(f"{kind}: expected __init__ to keep its argument: self.{name} = {name}") from None

    def __repr__(self) -> str:
        arguments = [f"{name}={value!r}" for name, value in self.changed_arguments().items()]
        return f"{type(self).__name__}({', '.join(arguments)})"


def _parameters(cls: type) -> Mapping[str, inspect.Parameter]:
    """The arguments of ``__init__``, where **options stands for what else that of the base class takes."""
    parameters = dict(inspect.signature(cls).parameters)
    if parameters.pop("options", None) is not None:
        parameters |= {name: entry for name, entry in _parameters(cls.__bases__[0]).items() if name not in parameters}
    return parameters


def _is_abstract(cls: type) -> bool:
    inherited = [name for base in cls.__bases__ for name in getattr(base, "__abstractmethods__", ())]
    return any(getattr(getattr(cls, name), "__isabstractmethod__", False) for name in [*inherited, *vars(cls)])


def _place(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _family(cls: type[Configured]) -> str:
    family = next(base for base in cls.__mro__ if Configured in base.__bases__)
    return family.__name__.lower()


def _plain(value: object) -> Any:
    if isinstance(value, Configured):
        return value.config()
    if isinstance(value, np.generic):
        return value.item()
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value


def _is_default(value: object, default: object) -> bool:
    if isinstance(value, tuple) and value and isinstance(default, int):  # one number stands for all axes
        return all(_is_default(entry, default) for entry in value)
    if isinstance(value, Configured) and isinstance(default, str):  # a name stands for an object made without arguments
        return value.kind == default and repr(value) == f"{type(value).__name__}()"
    return bool(np.all(value == default))  # an array too
