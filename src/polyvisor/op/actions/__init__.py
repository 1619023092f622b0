"""What can be done to servers, one file an action: who may, with which arguments, in which steps."""
