"""Commands for python-openstackclient, one module for each noun."""
