"""What every Python program of the sandbox does first; see the module `site`.

Services fork their workers. Objects that the garbage collector leaves alone stay in memory that parent and
child share: hundreds of megabytes in all.
"""

import gc
import os

os.register_at_fork(before=gc.freeze)
