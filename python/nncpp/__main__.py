"""python -m nncpp: the nncpp command."""

from .cli import main

raise SystemExit(main())
