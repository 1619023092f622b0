"""Adoption through the platform: vCenters, plans and journals in its database, the engine in its workers."""
