#!/usr/bin/env python3
"""Every command of Metered: `demo`, `test`, `check_all`, and all of Django's own.

This file stays readable to old Pythons, so that one of them can say what is wrong.
"""

import os
import sys


def main():
    # type: () -> None
    if sys.version_info < (3, 11):
        sys.exit(
            "Metered needs Python 3.11 or later, and this is Python %d.%d (%s).\n"
            "Start it with a newer one, for example: python3.11 manage.py demo"
            % (sys.version_info[0], sys.version_info[1], sys.executable)
        )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "metered.config.settings")
    from launch.commands import run

    sys.exit(run(sys.argv))


if __name__ == "__main__":
    main()
