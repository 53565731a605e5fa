"""The trained head that is mixed into a discriminant, and the labels of its rows."""

from typing import Any, NamedTuple, Optional

import numpy as np
import numpy.typing as npt
from sklearn.utils.multiclass import unique_labels

from gradient_decay._core import HeadFile
from gradient_decay._export import linear_head

# The class in the trained head of one that it does not have.
_NEW = 255


class Trained(NamedTuple):
    """A trained head to mix in."""

    file: HeadFile
    labels: Optional[npt.NDArray[Any]]
    """The label of each row; None if nobody says which: row k is then class k."""

    @classmethod
    def of(cls, head: Any, head_classes: Optional[npt.ArrayLike]) -> "Optional[Trained]":
        """The head in a form that `export` takes, the labels of its rows if it does not know them; None without a head.

        Raises:
            ValueError: if it has not 2 to 254 rows, or the labels are not one for each.
            TypeError: if it is no linear head.
        """
        if head is None:
            if head_classes is not None:
                raise ValueError("head_classes are given, but there is no head whose rows they could name")
            return None
        exported = linear_head(head)
        rows, _ = exported._file.shape
        if not 2 <= rows <= 254:
            raise ValueError(f"the trained head has {rows} classes, but must have 2 to 254: one row of weights for each")
        own = None if exported._classes is None else np.asarray(exported._classes)
        if head_classes is None:
            return cls(exported._file, own)
        labels = np.asarray(head_classes)
        if labels.shape != (rows,) or len(np.unique(labels)) < rows:
            raise ValueError(f"head_classes are {labels}, but must be {rows} different labels, one for each row of the trained head")
        if own is not None and not np.array_equal(labels, own):
            raise ValueError(f"head_classes are {labels}, but must be {own}, as the trained head itself says, or be left out")
        return cls(exported._file, labels)

    def with_labels_of(self, y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The labels of the head and of samples, sorted.

        Raises:
            ValueError: if the head's are not known, or are of another type.
        """
        if self.labels is None:
            raise ValueError(
                "the trained head does not say which label each of its rows is of: give head_classes, or call partial_fit with "
                "classes=, whose class k is then row k"
            )
        return unique_labels(self.labels, y)

    def check_classes(self, given: npt.ArrayLike, classes: npt.NDArray[Any]) -> None:
        """Checks that all labels, as they were given and sorted, have those of the head among them.

        Raises:
            ValueError: if one is not; if row k is to be class k, and they were given in another order.
        """
        rows, _ = self.file.shape
        if self.labels is not None:
            unique_labels(self.labels, classes)
            missing = np.setdiff1d(self.labels, classes)
            if len(missing):
                raise ValueError(f"classes are {classes}, but must have all labels of the trained head; {missing} are missing")
        elif len(classes) < rows:
            raise ValueError(f"classes are {classes}, but must be at least {rows}: the trained head has {rows} rows, and row k is class k")
        elif not np.array_equal(np.asarray(given), classes):
            raise ValueError(
                f"classes are {np.asarray(given)}, but must be sorted, {classes}: row k of the trained head is class k. "
                "If its rows are in another order, give head_classes, the label of each row"
            )

    def places(self, classes: npt.NDArray[Any]) -> bytes:
        """For each class, its row in the head, or 255 if it has none."""
        rows, _ = self.file.shape
        labels = classes[:rows] if self.labels is None else self.labels
        place = {label: row for row, label in enumerate(labels.tolist())}
        return bytes(place.get(label, _NEW) for label in classes.tolist())
