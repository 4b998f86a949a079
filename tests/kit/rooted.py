"""A deployment with a root key, whose statements are signed by plain code of the tests' own."""

from dataclasses import dataclass
from pathlib import Path

from kit import house as kit
from kit.events import reference_event
from kit.plain_receipt import Signer
from tallystick.access.rooting import pin_root
from tallystick.access.tenants import Tenant
from tallystick.drivers.keyfile import KeyFile
from tallystick.ledger.ports import Place
from tallystick.ledger.published import Published
from tallystick.ledger.receipts import Receipts
from tallystick.ledger.succession import propose
from tallystick.settings import Settings
from tallystick.tlog.key import VerifierKey
from tallystick.verify.statement import Reason
from tallystick.wiring import House, open_house

ROOT = Signer("audit.example/root")
SUPER = "audit.example/super"


@dataclass
class Rooted:
    """A house whose root key is pinned, with a tenant and one epoch."""

    house: House
    tenant: Tenant

    @classmethod
    def new(cls, data: Path, **settings: object) -> "Rooted":
        """Make one."""
        house = kit.new_house(data, **settings)
        pin_root(house.ledger, VerifierKey.parse(ROOT.vkey), "cli")
        rooted = cls(house, kit.new_tenant(house))
        rooted.record(0)
        return rooted

    def record(self, number: int) -> Published:
        """Record an event, and put it into an epoch."""
        kit.record(self.house, self.tenant, reference_event(number))
        published = self.house.publisher.publish()
        assert published is not None
        return published

    def request(self, reason: Reason = Reason.ROTATION) -> str:
        """Draw the next key; return what the root is asked to sign."""
        house, keeper = self.house, self.house.ledger.drivers.keeper
        assert isinstance(keeper, KeyFile)
        keeper.draw_next(house.ledger.drivers.entropy)
        with house.ledger.drivers.store.read() as snapshot:
            return propose(snapshot, house.ledger.logs, keeper, house.lock, reason).format()

    def statement(self, reason: Reason = Reason.ROTATION) -> str:
        """Draw the next key, and let the root sign for it."""
        return signed(self.request(reason))

    def receipt(self, index: int) -> bytes:
        """The receipt of an event of the tenant's audit log, as of now."""
        ledger = self.house.ledger
        with ledger.drivers.store.read() as snapshot:
            slot = ledger.logs.stream(snapshot, self.tenant.number, "audit").slot
            receipt = Receipts(ledger).issue(snapshot, Place(slot, index))
        assert receipt is not None
        return receipt.format()

    def vkey(self, name: str = SUPER) -> str:
        """The vkey of the online key that signs just now."""
        return VerifierKey.of(name, 1, self.house.ledger.drivers.keeper.public_key).vkey()

    def records(self, slot: int) -> list[str]:
        """The records of a super-log."""
        with self.house.ledger.drivers.store.read() as snapshot:
            entries = snapshot.entries(slot, 0, snapshot.head(slot).size)
            return [(entry.leaf or b"").decode() for entry in entries]

    def reopen(self) -> None:
        """Start anew."""
        self.house.close()
        self.house = open_house(Settings(data=self.house.settings.data))


def signed(body: str, root: Signer = ROOT) -> str:
    """Sign a statement as the root would, or as somebody else."""
    return f"{body}\n{root.line(body)}"
