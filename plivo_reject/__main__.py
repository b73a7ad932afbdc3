"""Run the command line as ``python -m plivo_reject``."""

from plivo_reject.cli import cli

if __name__ == "__main__":
    cli(prog_name="plivo-reject")
