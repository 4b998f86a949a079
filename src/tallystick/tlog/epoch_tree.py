"""The dense tree over all slots: one head for each log, in every epoch (ADR 0007)."""

from collections.abc import Mapping, Sequence

from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.hashing import EMPTY_ROOT, leaf_hash, node_hash


class EpochTree:
    """An RFC 6962 tree whose leaves change from epoch to epoch.

    All levels are kept, so a change costs one path: log2 of the number of slots.
    """

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]

    @property
    def slots(self) -> int:
        """Number of slots."""
        return len(self._levels[0])

    def update(self, heads: Mapping[int, tuple[str, int, bytes]]) -> None:
        """Set the heads of some slots; new ones must follow the last without a gap.

        Args:
            heads: By slot: origin, size and root of the log there.
        """
        leaves = self._levels[0]
        changed = set(heads)
        for slot in sorted(heads):
            hashed = leaf_hash(Checkpoint(*heads[slot]).format().encode())
            if slot < len(leaves):
                leaves[slot] = hashed
            elif slot == len(leaves):
                leaves.append(hashed)
            else:
                raise AssertionError(f"slot {slot} after {len(leaves)} slots: a gap")
        self._rise(changed)

    def root(self) -> bytes:
        """Return the root, 32 bytes."""
        return self._levels[-1][0] if self._levels[0] else EMPTY_ROOT

    def path(self, slot: int) -> list[bytes]:
        """Prove the head at a slot: the inclusion proof of RFC 6962 §2.1.1."""
        path: list[bytes] = []
        for level in self._levels[:-1]:
            sibling = slot ^ 1
            if sibling < len(level):
                path.append(level[sibling])
            slot >>= 1
        return path

    def cut(self, slots: int) -> None:
        """Forget all slots from ``slots`` on, as the tree was before they were given."""
        if slots >= self.slots:
            return
        width = slots
        for level in self._levels:
            del level[width:]
            width = (width + 1) // 2
        depth = next((n for n, level in enumerate(self._levels) if len(level) <= 1), 0)
        del self._levels[depth + 1 :]
        if slots:
            self._rise({slots - 1})

    def copy(self) -> "EpochTree":
        """Return a tree of the same heads that changes by itself."""
        twin = EpochTree()
        twin._levels = [level.copy() for level in self._levels]
        return twin

    def _rise(self, changed: set[int]) -> None:
        depth = 0
        while len(self._levels[depth]) > 1:
            below = self._levels[depth]
            width = (len(below) + 1) // 2
            if depth + 1 == len(self._levels):
                self._levels.append([])
            above = self._levels[depth + 1]
            changed = {slot >> 1 for slot in changed}
            above.extend(b"" for _ in range(width - len(above)))
            for slot in changed:
                above[slot] = _parent(below, slot)
            depth += 1


def _parent(below: Sequence[bytes], slot: int) -> bytes:
    """Hash two children; a lone right child rises as it is."""
    left = below[2 * slot]
    right = below[2 * slot + 1] if 2 * slot + 1 < len(below) else None
    return left if right is None else node_hash(left, right)
