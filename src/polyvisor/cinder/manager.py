"""Cinder's volume manager, with which a volume that could not be extended is not lost to its users."""

import sys
from typing import Any

from cinder.objects.volume import Volume
from cinder.volume import manager as stock
from typing_extensions import override

from polyvisor.cinder.refusal import VolumeHeld


class VolumeManager(stock.VolumeManager):
    """Cinder's own: `volume_manager` of cinder.conf."""

    @override
    def extend_volume_completion(
        self, context: Any, volume: Volume, new_size: int, reservations: list[str], error: bool
    ) -> None:
        """End an extension; a volume that was refused before anything was done is as good as it was.

        Cinder calls this while it handles what the driver has raised, and puts the volume into
        `error_extending`, out of which only an administrator brings it.
        """
        super().extend_volume_completion(context, volume, new_size, reservations, error)
        if isinstance(sys.exception(), VolumeHeld):
            volume.status = volume.previous_status
            volume.save()
