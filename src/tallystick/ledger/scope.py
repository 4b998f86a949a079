"""Scope: what a reader may see, as a value. ``access`` makes it, readers take it."""

from dataclasses import dataclass

from tallystick.errors import ForbiddenError


@dataclass(frozen=True, slots=True)
class Scope:
    """Which tenants a credential may read.

    Attributes:
        tenants: Their numbers; None for all of them.
    """

    tenants: tuple[int, ...] | None

    def check(self, tenant: int) -> None:
        """Refuse a tenant outside the scope.

        Raises:
            ForbiddenError: The tenant is not covered; the message is the one for a tenant that
                does not exist.
        """
        if self.tenants is not None and tenant not in self.tenants:
            raise ForbiddenError("tenant: not within this credential's scope")
