"""Runs every check against LANGSMITH_ENDPOINT with the official client, and prints one line of JSON for each."""

import json
import time
import traceback
import warnings

from langsmith import Client

import check_agent  # noqa: F401
import check_datasets  # noqa: F401
import check_evaluate  # noqa: F401
import check_feedback  # noqa: F401
import check_prompts  # noqa: F401
import check_tracing  # noqa: F401
from registry import CHECKS, run


def main() -> None:
    # v1 methods say that they are deprecated; that they work is the point here.
    warnings.simplefilter("ignore")
    for area, title, function in CHECKS:
        client = Client()
        started = time.monotonic()
        error = None
        try:
            run(function(client))
        except Exception:
            error = traceback.format_exc(limit=-4)
        finally:
            client.flush()
        seconds = round(time.monotonic() - started, 2)
        print("CHECK " + json.dumps({"area": area, "title": title, "error": error, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
