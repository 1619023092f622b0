"""What holds for every test, whatever it imports first."""

from oslo_service import backend

# Native threads, as the services run. Whichever of Nova's and Neutron's modules is imported first would
# otherwise choose for all tests of the process.
backend.init_backend(backend.BackendType.THREADING)
