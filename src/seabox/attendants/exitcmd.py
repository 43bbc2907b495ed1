"""What conmon runs when a container has ended and no live engine attends it.

    python3 -I -S exitcmd.py ID LIBRARIES SETTING=VALUE...

It records the death, gives back what the container held, and removes it if it was created with --rm. It decides
from the store's columns alone and imports nothing heavy: an interpreter start per container death is what it costs.
Only a restart policy makes it load more, for which LIBRARIES is the directory.
"""

from __future__ import annotations

import os
import sys


def main(arguments: list[str]) -> int:
    """The container's end is dealt with; 0 also if somebody else did it or is doing it."""
    from seabox import packed

    packed.use()
    from seabox.config import EngineConfig
    from seabox.container.container import Container
    from seabox.container.ended import deal_with_end
    from seabox.errors import NoSuchContainer
    from seabox.rooms import Rooms

    id, libraries, *settings = arguments
    sys.path.append(libraries)
    config = EngineConfig.from_words(settings)
    if not os.path.isdir(config.run_dir(id)):
        return 0
    rooms = Rooms(config)
    try:
        deal_with_end(Container(rooms, id))
    except NoSuchContainer:
        return 0
    return 0


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # at once, with the store open: to take things apart would cost as much as half of what was done
