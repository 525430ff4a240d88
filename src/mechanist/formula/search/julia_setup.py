"""The process that sets up Julia: ``python -m mechanist.formula.search.julia_setup STEP``.

STEP is ``reach``, which asks whether a server of Julia answers, or ``resolve``, in which juliapkg
downloads and installs what juliacall and PySR ask for. Run it with -P: juliapkg searches every
folder of the path for requirements.
"""

import os
import socket
import sys
import threading
import urllib.error
import urllib.request

from mechanist.formula.search.watchdog import end_with_parent

JULIA = "https://julialang-s3.julialang.org/bin/versions.json"
PACKAGES = "https://pkg.julialang.org"
SILENCE = 10.0
"""Seconds after which a server that says nothing is given up before the installation."""
PAUSE = 60.0
"""The same during it."""


def reach() -> None:
    """End without an error if any server answers.

    Raises
    ------
    SystemExit
        If none does, with the reason.
    """
    server = os.environ.get("JULIA_PKG_SERVER") or PACKAGES
    places = [JULIA, server if "://" in server else f"https://{server}"]
    faults: list[str] = []
    threads = [threading.Thread(target=_ask, args=(one, faults), daemon=True) for one in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.exit(f"OSError: {faults[0]}")


def _ask(place: str, faults: list[str]) -> None:
    """End this process if a server answers, whatever it says."""
    try:
        with urllib.request.urlopen(place, timeout=SILENCE):
            os._exit(0)
    except urllib.error.HTTPError:
        os._exit(0)
    except (OSError, ValueError) as error:
        faults.append(f"{place}: {error}")


def resolve() -> None:
    """Install what is missing."""
    socket.setdefaulttimeout(PAUSE)
    import juliapkg

    juliapkg.resolve()


if __name__ == "__main__":
    end_with_parent()
    {"reach": reach, "resolve": resolve}[sys.argv[1]]()
