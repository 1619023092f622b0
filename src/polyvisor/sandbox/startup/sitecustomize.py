"""What every Python program of the sandbox does first; see the module `site`.

Services fork their workers. Objects that the garbage collector leaves alone stay in memory that parent and
child share: hundreds of megabytes in all. It also looks less often than by default: a single request makes so
many objects that it went through all of a service's during most, a twelfth of the CPU of Neutron's API.
"""

import gc
import os

os.register_at_fork(before=gc.freeze)
gc.set_threshold(50_000, 20, 100)
