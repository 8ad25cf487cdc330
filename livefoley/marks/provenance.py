"""C2PA: a signed manifest in the file that says where it comes from and that its sound is partly generated.

Needs the extra ``c2pa`` and a signing certificate: the chain as PEM, the leaf first, and its key. The manifest names
the watermark, too (a soft binding), so that one who finds the mark alone can find the manifest. Who has no certificate
has no manifest; labels and watermark need none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from livefoley import __version__
from livefoley.core.errors import ConfigError, OutputError
from livefoley.marks.labels import SOURCE_TYPE
from livefoley.system.files import SHARED, WholeFile

SOFT_BINDING = "livefoley.mark.1"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a file's manifest says. ``state`` is ``none``, ``invalid`` (changed since it was signed), ``valid`` (whole,
    by a signer who is on no list of trust here) or ``trusted``; ``unread`` when the extra ``c2pa`` is missing."""

    state: str
    signer: str = ""
    generated: bool = False
    mark: str = ""  # the watermark's payload it names
    problems: tuple[str, ...] = ()


class C2paSigner:
    """Signs MP4s. Raises ``ConfigError`` when the extra is missing or the certificate and key are no use."""

    def __init__(self, chain: Path, key: Path, timestamp_url: str | None = None) -> None:
        if find_spec("c2pa") is None:
            raise ConfigError("clips.c2pa needs c2pa-python: pip install 'livefoley[c2pa]'")
        try:
            self._chain, self._key = chain.read_bytes(), key.read_bytes()
            self._algorithm = _algorithm(self._key)
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"clips.c2pa: {chain} and {key} cannot be used ({type(error).__name__})") from None
        self._timestamp_url = timestamp_url.encode() if timestamp_url else None

    def sign(self, path: Path, title: str, content_id: str, mark: str) -> None:
        """Put a manifest into the file at ``path``, which changes as a whole or not at all. Raises ``OutputError``."""
        import c2pa

        info = c2pa.C2paSignerInfo(self._algorithm, self._chain, self._key, self._timestamp_url)
        with WholeFile(path, mode=SHARED) as signed:
            try:
                with (
                    c2pa.Signer.from_info(info) as signer,
                    c2pa.Builder(_manifest(title, content_id, mark)) as builder,
                    path.open("rb") as source,
                    signed.open("w+b") as target,
                ):
                    builder.sign(signer, "video/mp4", source, target)
            except (c2pa.C2paError, OSError) as error:
                raise OutputError(f"{path.name}: cannot be signed ({_first_line(error)})") from None


def read_provenance(path: Path) -> Provenance:
    """Return what the manifest of a file says; one that cannot be read is invalid, never an error."""
    if find_spec("c2pa") is None:
        return Provenance("unread", problems=("pip install 'livefoley[c2pa]' to read manifests",))
    import c2pa

    try:
        with c2pa.Reader(str(path)) as reader:
            return _told(json.loads(reader.json()))
    except c2pa.C2paError as error:
        text = _first_line(error)
        return Provenance("none") if "ManifestNotFound" in text else Provenance("invalid", problems=(text,))


def _manifest(title: str, content_id: str, mark: str) -> dict[str, Any]:
    created = {
        "action": "c2pa.created",
        "digitalSourceType": SOURCE_TYPE,
        "softwareAgent": {"name": "livefoley", "version": __version__},
    }
    binding = {"alg": SOFT_BINDING, "blocks": [{"scope": {}, "value": mark}]}
    return {
        "claim_generator_info": [{"name": "livefoley", "version": __version__}],
        "title": title or content_id,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": "c2pa.soft-binding", "data": binding},
        ],
    }


def _told(store: dict[str, Any]) -> Provenance:
    manifest = store["manifests"][store["active_manifest"]]
    assertions = {each["label"]: each["data"] for each in manifest.get("assertions", [])}
    actions: list[dict[str, Any]] = next(
        (data.get("actions", []) for label, data in assertions.items() if "c2pa.actions" in label), []
    )
    blocks = assertions.get("c2pa.soft-binding", {}).get("blocks", [])
    return Provenance(
        str(store.get("validation_state", "invalid")).lower(),
        str(manifest.get("signature_info", {}).get("issuer", "")),
        any("trainedAlgorithmicMedia".lower() in str(each.get("digitalSourceType", "")).lower() for each in actions),
        str(blocks[0].get("value", "")) if blocks else "",
        tuple(str(each.get("code", "")) for each in store.get("validation_status", [])),
    )


def _algorithm(key_pem: bytes) -> str:
    """Return C2PA's name of the algorithm that a private key signs with; raises ``ValueError`` for another kind."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(key_pem, None)
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size in (256, 384, 521):
        return {256: "es256", 384: "es384", 521: "es512"}[key.curve.key_size]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    raise ValueError("keys are EC, Ed25519 or RSA")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
