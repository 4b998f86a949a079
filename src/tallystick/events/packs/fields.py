"""What the standard packs let stand in clear."""

from typing import Final

ABOUT_PEOPLE: Final = (
    "/actor/authenticated_by",
    "/context/release",
    "/context/request_id",
    "/context/service",
    "/reason/code",
    "/targets/*/type",
)
"""For actions upon people, whose ids are personal."""

ABOUT_THINGS: Final = (*ABOUT_PEOPLE, "/targets/*/id")
"""For actions upon things, whose ids tell about nobody."""
