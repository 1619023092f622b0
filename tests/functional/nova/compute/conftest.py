"""Nova's programs register its objects before they import what uses them; so each test can run by itself."""

from nova import objects

objects.register_all()
