"""Command line: the `polyvisor` command and the python-openstackclient plug-in."""
