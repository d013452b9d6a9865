"""Which reports of a file are those of the labels, whatever its columns of ids are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from chexlabel.errors import ValidationError
from chexlabel.validation.identifiers import plain_id, show_ids
from chexlabel.validation.tables import column_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["FoundById", "WantedIds"]

Item = TypeVar("Item")


class WantedIds:
    """The ids that are looked for, which a file of reports may write in another way.

    Args:
        ids: the ids as the labels have them.
    """

    def __init__(self, ids: Collection[str]) -> None:
        self._ids = {identifier: identifier for identifier in ids}
        for identifier in ids:
            self._ids.setdefault(plain_id(identifier), identifier)

    def __len__(self) -> int:
        return len(set(self._ids.values()))

    def find(self, key: str) -> str | None:
        """Return the id, as the labels have it, that this is."""
        found = self._ids.get(key)
        return self._ids.get(plain_id(key)) if found is None else found


class FoundById(Generic[Item]):
    """What a file has of the reports wanted, by each of its columns that may hold their ids.

    One column is believed for the whole file: patient 1 is not study 1, so that an id found now in
    this column and now in that would bring another report's text.

    Args:
        wanted: the ids that are looked for.
        first: names of the columns that hold these ids elsewhere.
        name: what messages call the file.
    """

    def __init__(self, wanted: WantedIds, first: Collection[str], name: str) -> None:
        self._wanted = wanted
        self._first = {column_key(column) for column in first}
        self._name = name
        self._found: dict[str, dict[str, Item]] = {}
        self._contents: dict[str, dict[str, object]] = {}
        self._twice: dict[str, dict[str, None]] = {}

    def add(self, keys: Mapping[str, str], item: Item, content: object) -> None:
        """Take one report of the file.

        Args:
            keys: column -> what may be its id; "" for what joins several columns.
            item: what is kept of it.
            content: what it says; a report that is there twice must say the same.
        """
        for column, key in keys.items():
            identifier = self._wanted.find(key)
            if identifier is None:
                continue
            found = self._found.setdefault(column, {})
            contents = self._contents.setdefault(column, {})
            found.setdefault(identifier, item)
            if contents.setdefault(identifier, content) != content:
                self._twice.setdefault(column, {})[identifier] = None

    def best(self, notes: list[str]) -> Mapping[str, Item]:
        """Return id -> report, by the column named as that of the labels, or that finds most.

        Args:
            notes: gets how many reports are not there.

        Raises:
            ValidationError: a report is there twice, and differs.
        """
        column = max(
            self._found,
            key=lambda c: (column_key(c) in self._first, len(self._found[c])),
            default="",
        )
        found = self._found.get(column, {})
        if twice := self._twice.get(column):
            raise ValidationError(
                f"{self._name}: {len(twice)} ids occur more than once, with different contents "
                f"({show_ids(twice)}); keep one row a report, or name the column of their ids with "
                "--report-id-column"
            )
        missing = len(self._wanted) - len(found)
        if missing:
            notes.append(
                f"{self._name} lacks {missing} of the {len(self._wanted)} reports to be shown."
            )
        return found
